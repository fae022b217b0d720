package main

// A gRPC client's life with the gateway: deadlines, cancellation, pings, GOAWAY, reconnection, health, reflection.

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

const traceService = "opentelemetry.proto.collector.trace.v1.TraceService"

var serial atomic.Uint64

// One span, like no other.
func request() *collector.ExportTraceServiceRequest {
	id := make([]byte, 16)
	for i, n := 15, serial.Add(1); n > 0; i, n = i-1, n>>8 {
		id[i] = byte(n)
	}
	span := &traces.Span{TraceId: id, SpanId: append([]byte{1}, id[9:]...), Name: "call", StartTimeUnixNano: 1, EndTimeUnixNano: 2,
		Attributes: []*common.KeyValue{{Key: "k", Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: "v"}}}}}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*traces.ResourceSpans{{ScopeSpans: []*traces.ScopeSpans{{Spans: []*traces.Span{span}}}}}}
}

type tally map[string]int

func (t tally) add(err error) { t[nameOf(status.Code(err))]++ }

// The names that the protocol uses, which Go writes in its own way.
func nameOf(code codes.Code) string {
	return map[codes.Code]string{codes.OK: "OK", codes.Canceled: "CANCELLED", codes.DeadlineExceeded: "DEADLINE_EXCEEDED",
		codes.Unavailable: "UNAVAILABLE", codes.NotFound: "NOT_FOUND", codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
		codes.Unimplemented: "UNIMPLEMENTED", codes.InvalidArgument: "INVALID_ARGUMENT", codes.Internal: "INTERNAL"}[code]
}

func say(what any) { _ = json.NewEncoder(os.Stdout).Encode(what) }

func dial(endpoint string, more ...grpc.DialOption) *grpc.ClientConn {
	connection, err := grpc.NewClient(endpoint, append(more, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		panic(err)
	}
	return connection
}

func calls(ctx context.Context, endpoint string) {
	connection := dial(endpoint)
	defer connection.Close()
	client := collector.NewTraceServiceClient(connection)

	deadlines := tally{}
	for i := 0; i < 100; i++ {
		short, done := context.WithTimeout(ctx, time.Duration(i)*20*time.Microsecond)
		_, err := client.Export(short, request())
		deadlines.add(err)
		done()
	}
	cancelled := tally{}
	for i := 0; i < 100; i++ {
		soon, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Duration(i)*20*time.Microsecond, cancel)
		_, err := client.Export(soon, request())
		cancelled.add(err)
		cancel()
	}
	after := tally{}
	for i := 0; i < 10; i++ {
		_, err := client.Export(ctx, request())
		after.add(err)
	}
	say(map[string]any{"deadlines": deadlines, "cancelled": cancelled, "after": after})
	sayHealth(ctx, connection)
	sayReflection(ctx, connection)
}

func sayHealth(ctx context.Context, connection *grpc.ClientConn) {
	health := healthpb.NewHealthClient(connection)
	found := map[string]string{}
	for _, service := range []string{"", traceService, "no.such.Service"} {
		answer, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: service})
		if err != nil {
			found[service] = nameOf(status.Code(err))
		} else {
			found[service] = answer.Status.String()
		}
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	first := "none"
	if watch, err := health.Watch(watching, &healthpb.HealthCheckRequest{}); err == nil {
		if answer, err := watch.Recv(); err == nil {
			first = answer.Status.String()
		}
	}
	say(map[string]any{"check": found, "watch": first})
}

func sayReflection(ctx context.Context, connection *grpc.ClientConn) {
	stream, err := reflection.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		panic(err)
	}
	ask := func(question *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
		if err := stream.Send(question); err != nil {
			panic(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			panic(err)
		}
		return answer
	}
	var services, methods []string
	for _, service := range ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}).
		GetListServicesResponse().GetService() {
		services = append(services, service.Name)
	}
	files := ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{
		FileContainingSymbol: traceService}}).GetFileDescriptorResponse().GetFileDescriptorProto()
	for _, bytes := range files {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(bytes, file); err != nil {
			panic(err)
		}
		for _, service := range file.Service {
			for _, method := range service.Method {
				methods = append(methods, file.GetPackage()+"."+service.GetName()+"/"+method.GetName())
			}
		}
	}
	unknown := ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{
		FileContainingSymbol: "no.such.Symbol"}}).GetErrorResponse().GetErrorCode()
	_ = stream.CloseSend()
	_, end := stream.Recv()

	alpha, err := reflectionalpha.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		panic(err)
	}
	_ = alpha.Send(&reflectionalpha.ServerReflectionRequest{MessageRequest: &reflectionalpha.ServerReflectionRequest_ListServices{}})
	old, err := alpha.Recv()
	if err != nil {
		panic(err)
	}
	say(map[string]any{"services": services, "methods": methods, "unknown_symbol": nameOf(codes.Code(unknown)), "end": fmt.Sprint(end),
		"alpha_services": len(old.GetListServicesResponse().GetService())})
}

// Calls by eight at a time until stdin ends, however often the connection goes away.
func traffic(ctx context.Context, endpoint string) {
	connection := dial(endpoint)
	defer connection.Close()
	client := collector.NewTraceServiceClient(connection)
	stop := make(chan struct{})
	go func() {
		for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		}
		close(stop)
	}()
	var all sync.WaitGroup
	var lock sync.Mutex
	total := tally{}
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				limited, done := context.WithTimeout(ctx, 10*time.Second)
				_, err := client.Export(limited, request(), grpc.WaitForReady(true))
				done()
				lock.Lock()
				total.add(err)
				if total["OK"] == 1 {
					say(map[string]any{"running": true})
				}
				lock.Unlock()
				time.Sleep(2 * time.Millisecond)
			}
		}()
	}
	all.Wait()
	say(map[string]any{"calls": total})
}

// A quiet connection with one open call and a ping every 10 s, the least that Go's client does.
func pings(ctx context.Context, endpoint string) {
	connection := dial(endpoint, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true}))
	defer connection.Close()
	limited, done := context.WithTimeout(ctx, 35*time.Second)
	defer done()
	watch, err := healthpb.NewHealthClient(connection).Watch(limited, &healthpb.HealthCheckRequest{})
	if err != nil {
		panic(err)
	}
	if _, err = watch.Recv(); err != nil {
		panic(err)
	}
	_, err = watch.Recv()
	say(map[string]any{"watch_ended_by": nameOf(status.Code(err))})
}
