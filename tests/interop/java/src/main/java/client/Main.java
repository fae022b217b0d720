package client;

/**
 * The Java client of tests/interop.
 *
 * <pre>
 *   export grpc|http none|gzip ENDPOINT     one of everything by the OpenTelemetry SDK
 *   calls|traffic|pings ENDPOINT            a gRPC client's life; prints JSON lines
 * </pre>
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 4 && arguments[0].equals("export")) {
      Export.send(arguments[1], arguments[2], arguments[3]);
    } else if (arguments.length == 2 && arguments[0].equals("calls")) {
      Calls.calls(arguments[1]);
    } else if (arguments.length == 2 && arguments[0].equals("traffic")) {
      Calls.traffic(arguments[1]);
    } else if (arguments.length == 2 && arguments[0].equals("pings")) {
      Calls.pings(arguments[1]);
    } else {
      System.err.println("usage: export PROTOCOL CODING ENDPOINT | calls|traffic|pings ENDPOINT");
      System.exit(2);
    }
    System.exit(0);
  }
}
