package client;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;

/** A gRPC client's life with the gateway: deadlines, cancellation, pings, GOAWAY, reconnection, health, reflection. */
final class Calls {
  private static final String TRACE_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService";
  private static final AtomicLong serial = new AtomicLong();

  private Calls() {}

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException failure) {
            throw new IllegalStateException(failure);
          }
        }
      };

  private static final MethodDescriptor<byte[], byte[]> EXPORT =
      MethodDescriptor.<byte[], byte[]>newBuilder(BYTES, BYTES)
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName(TRACE_SERVICE + "/Export")
          .build();

  private static byte[] field(int number, byte[] payload) {
    return ByteBuffer.allocate(payload.length + 2).put((byte) (number << 3 | 2)).put((byte) payload.length).put(payload).array();
  }

  /** An ExportTraceServiceRequest of one span, like no other. */
  private static byte[] request() {
    byte[] traceId = ByteBuffer.allocate(16).putLong(8, serial.incrementAndGet()).array();
    byte[] ids = ByteBuffer.allocate(28).put(field(1, traceId)).put(field(2, new byte[] {1, 1, 1, 1, 1, 1, 1, 1})).array();
    return field(1, field(2, field(2, ids)));
  }

  private static String export(Channel channel, CallOptions options) {
    try {
      ClientCalls.blockingUnaryCall(channel, EXPORT, options, request());
      return "OK";
    } catch (StatusRuntimeException failure) {
      return failure.getStatus().getCode().name();
    }
  }

  private static String cancelledAfter(Channel channel, int delayMicros) throws InterruptedException {
    ClientCall<byte[], byte[]> call = channel.newCall(EXPORT, CallOptions.DEFAULT);
    LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    ClientCalls.asyncUnaryCall(
        call,
        request(),
        new StreamObserver<>() {
          @Override
          public void onNext(byte[] answer) {}

          @Override
          public void onError(Throwable failure) {
            ended.add(Status.fromThrowable(failure).getCode().name());
          }

          @Override
          public void onCompleted() {
            ended.add("OK");
          }
        });
    TimeUnit.MICROSECONDS.sleep(delayMicros);
    call.cancel("told to", null);
    return ended.take();
  }

  private static Map<String, Integer> tally(int times, IntFunction<String> once) {
    Map<String, Integer> found = new TreeMap<>();
    for (int i = 0; i < times; i++) {
      found.merge(once.apply(i), 1, Integer::sum);
    }
    return found;
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      List<String> parts = new ArrayList<>();
      map.forEach((key, one) -> parts.add(json(key) + ":" + json(one)));
      return "{" + String.join(",", parts) + "}";
    }
    if (value instanceof List<?> list) {
      return "[" + String.join(",", list.stream().map(Calls::json).toList()) + "]";
    }
    return value instanceof String text ? "\"" + text + "\"" : String.valueOf(value);
  }

  private static synchronized void say(Map<String, ?> what) {
    System.out.println(json(what));
    System.out.flush();
  }

  private static ManagedChannel channel(String endpoint) {
    return NettyChannelBuilder.forTarget(endpoint).usePlaintext().build();
  }

  static void calls(String endpoint) throws Exception {
    ManagedChannel channel = channel(endpoint);
    export(channel, CallOptions.DEFAULT);
    Map<String, Integer> deadlines =
        tally(100, i -> export(channel, CallOptions.DEFAULT.withDeadlineAfter(1 + i * 30L, TimeUnit.MICROSECONDS)));
    Map<String, Integer> cancelled =
        tally(
            100,
            i -> {
              try {
                return cancelledAfter(channel, i * 20);
              } catch (InterruptedException failure) {
                throw new IllegalStateException(failure);
              }
            });
    Map<String, Integer> after = tally(10, i -> export(channel, CallOptions.DEFAULT));
    say(Map.of("deadlines", deadlines, "cancelled", cancelled, "after", after));

    HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
    Map<String, String> check = new TreeMap<>();
    for (String service : List.of("", TRACE_SERVICE, "no.such.Service")) {
      try {
        check.put(service, health.check(HealthCheckRequest.newBuilder().setService(service).build()).getStatus().name());
      } catch (StatusRuntimeException failure) {
        check.put(service, failure.getStatus().getCode().name());
      }
    }
    Context.CancellableContext watching = Context.current().withCancellation();
    String watch = watching.call(() -> health.watch(HealthCheckRequest.getDefaultInstance()).next().getStatus().name());
    watching.cancel(null);
    say(Map.of("check", check, "watch", watch));
    say(reflected(channel));
    channel.shutdownNow();
  }

  private static Map<String, ?> reflected(ManagedChannel channel) throws Exception {
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<ServerReflectionRequest> questions =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answers.add(Status.fromThrowable(failure).getCode().name());
                  }

                  @Override
                  public void onCompleted() {
                    answers.add("EOF");
                  }
                });
    questions.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    List<String> services =
        ((ServerReflectionResponse) answers.take())
            .getListServicesResponse().getServiceList().stream().map(service -> service.getName()).toList();
    questions.onNext(ServerReflectionRequest.newBuilder().setFileContainingSymbol(TRACE_SERVICE).build());
    List<String> methods = new ArrayList<>();
    for (ByteString bytes :
        ((ServerReflectionResponse) answers.take()).getFileDescriptorResponse().getFileDescriptorProtoList()) {
      DescriptorProtos.FileDescriptorProto file = DescriptorProtos.FileDescriptorProto.parseFrom(bytes);
      file.getServiceList()
          .forEach(
              service ->
                  service
                      .getMethodList()
                      .forEach(method -> methods.add(file.getPackage() + "." + service.getName() + "/" + method.getName())));
    }
    questions.onNext(ServerReflectionRequest.newBuilder().setFileContainingSymbol("no.such.Symbol").build());
    int unknown = ((ServerReflectionResponse) answers.take()).getErrorResponse().getErrorCode();
    questions.onCompleted();
    Object end = answers.take();

    LinkedBlockingQueue<Integer> old = new LinkedBlockingQueue<>();
    StreamObserver<io.grpc.reflection.v1alpha.ServerReflectionRequest> alpha =
        io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(io.grpc.reflection.v1alpha.ServerReflectionResponse answer) {
                    old.add(answer.getListServicesResponse().getServiceCount());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    old.add(-1);
                  }

                  @Override
                  public void onCompleted() {}
                });
    alpha.onNext(io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder().setListServices("").build());
    int alphaServices = old.take();
    alpha.onCompleted();
    return Map.of(
        "services", services,
        "methods", methods,
        "unknown_symbol", Status.fromCodeValue(unknown).getCode().name(),
        "end", end,
        "alpha_services", alphaServices);
  }

  /** Calls by eight at a time until stdin ends, however often the connection goes away. */
  static void traffic(String endpoint) throws Exception {
    ManagedChannel channel = channel(endpoint);
    AtomicBoolean running = new AtomicBoolean(true);
    Map<String, Integer> total = new TreeMap<>();
    List<Thread> lanes = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Thread lane =
          new Thread(
              () -> {
                while (running.get()) {
                  String name = export(channel, CallOptions.DEFAULT.withWaitForReady().withDeadline(Deadline.after(10, TimeUnit.SECONDS)));
                  synchronized (total) {
                    total.merge(name, 1, Integer::sum);
                    if (name.equals("OK") && total.get("OK") == 1) {
                      say(Map.of("running", true));
                    }
                  }
                  try {
                    Thread.sleep(2);
                  } catch (InterruptedException end) {
                    return;
                  }
                }
              });
      lane.start();
      lanes.add(lane);
    }
    System.in.readAllBytes();
    running.set(false);
    for (Thread lane : lanes) {
      lane.join();
    }
    say(Map.of("calls", total));
    channel.shutdownNow();
  }

  /** A quiet connection with one open call and a ping every 10 s, the least that Java's client does. */
  static void pings(String endpoint) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(endpoint)
            .usePlaintext()
            .keepAliveTime(10, TimeUnit.SECONDS)
            .keepAliveTimeout(5, TimeUnit.SECONDS)
            .keepAliveWithoutCalls(true)
            .build();
    String ended = "none";
    try {
      HealthGrpc.newBlockingStub(channel)
          .withDeadlineAfter(35, TimeUnit.SECONDS)
          .watch(HealthCheckRequest.getDefaultInstance())
          .forEachRemaining(answer -> {});
    } catch (StatusRuntimeException failure) {
      ended = failure.getStatus().getCode().name();
    }
    say(Map.of("watch_ended_by", ended));
    channel.shutdownNow();
  }
}
