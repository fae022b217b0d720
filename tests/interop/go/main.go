// The Go client of tests/interop.
//
//	client export grpc|http none|gzip ENDPOINT     one of everything by the OpenTelemetry SDK
//	client calls|traffic|pings ENDPOINT            a gRPC client's life; prints JSON lines
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	ctx := context.Background()
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 4 && arguments[0] == "export":
		if err := export(ctx, arguments[1], arguments[2], arguments[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(arguments) == 2 && arguments[0] == "calls":
		calls(ctx, arguments[1])
	case len(arguments) == 2 && arguments[0] == "traffic":
		traffic(ctx, arguments[1])
	case len(arguments) == 2 && arguments[0] == "pings":
		pings(ctx, arguments[1])
	default:
		fmt.Fprintln(os.Stderr, "usage: client export PROTOCOL CODING ENDPOINT | calls|traffic|pings ENDPOINT")
		os.Exit(2)
	}
}
