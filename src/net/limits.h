// Every limit of net/ that is not a setting, in one place: what a stranger can make this process
// hold, or do, at most.
//
// Units:   in the names.
// Errors:  none.
// Threads: constants.
// Source:  RFC 9112 (2.2, 9.6), RFC 9113 (5.2, 10.5), grpc keepalive.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gateway::net {

// One read from a socket, at most; the buffer belongs to the thread.
inline constexpr std::size_t kReadBufferSizeBytes = 128 * 1024;
// HTTP/1.1 reads less while it waits for a head: what comes behind the head may have to be kept.
inline constexpr std::size_t kHttp1HeadReadSizeBytes = 16 * 1024;
// Reads of one connection before the others have their turn.
inline constexpr int kReadsPerTurnMax = 4;
// One write to a socket, about; frames are gathered up to it.
inline constexpr std::size_t kWriteSizeBytes = 64 * 1024;
// Accepts of one listener before its thread serves connections again.
inline constexpr int kAcceptsPerTurnMax = 64;

// A body of unknown length begins with this much room and doubles.
inline constexpr std::size_t kBodyFirstStepSizeBytes = 16 * 1024;
// A body of known length begins with at most this much, as one read may bring. When that is full it
// moves to a second block, mapped alone (base/block_store.h), for what moves leaves holes in slabs;
// and when that is full, to one of the announced size.
inline constexpr std::size_t kBodyFirstBlockSizeBytes = kReadBufferSizeBytes;
inline constexpr std::size_t kBodySecondBlockSizeBytes = 8 * 1024 * 1024;
// A body must come this fast once read_body_timeout is over.
inline constexpr std::uint64_t kBodyRateBytesPerSecondMin = 64 * 1024;

// A refused body of at most this size is read and thrown away, to keep the connection.
inline constexpr std::size_t kDiscardSizeBytesMax = 256 * 1024;
// Before a connection is closed with bytes unread, these are awaited, so that the peer gets the
// answer and not a reset.
inline constexpr std::size_t kLingerSizeBytesMax = 1024 * 1024;
inline constexpr std::chrono::milliseconds kLingerTimeMax{2'000};
// Output of which the peer reads nothing for this long ends the connection; and what it reads
// must be this fast once as much time has passed.
inline constexpr std::chrono::milliseconds kWriteStallMax{30'000};
inline constexpr std::uint64_t kWriteRateBytesPerSecondMin = 4 * 1024;
inline constexpr std::chrono::milliseconds kTlsHandshakeTimeMax{10'000};

// HTTP/2 flow control. Bytes are leased before they are kept and thrown away where there is no
// lease, so the windows bound what is under way in the network, not memory.
inline constexpr std::uint32_t kHttp2StreamWindowSizeBytes = 1024 * 1024;
inline constexpr std::uint32_t kHttp2ConnectionWindowSizeBytes = 8 * 1024 * 1024;
// A request whose head passes its limit is answered; beyond this many times the limit it is reset.
inline constexpr std::uint32_t kHttp2HeaderExcessFactorMax = 4;
inline constexpr std::uint32_t kHeaderCountMax = 128;
// Resets by the peer: a burst, then a rate. Deadlines that pass under overload make bursts.
inline constexpr std::uint64_t kHttp2ResetBurstMax = 2'000;
inline constexpr std::uint64_t kHttp2ResetsPerSecondMax = 100;
// Pings that come sooner than allowed, before GOAWAY.
inline constexpr std::uint32_t kPingStrikesMax = 2;
// DATA frames without a byte in them, in one request.
inline constexpr std::uint32_t kHttp2EmptyDataFramesMax = 1'000;
// Frames that wait to be sent, before the next read: what one read brings may add its answers.
inline constexpr std::size_t kHttp2QueuedFramesMax = 1'000;
// What the requests of one connection may hold beside their bodies: their heads, until they are
// answered, and answers that wait to be sent. Beyond it a new request is refused, untouched.
inline constexpr std::size_t kHttp2HeadsSizeBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kHttp2QueuedSizeBytesMax = 1024 * 1024;
// Answers of which the peer's flow control lets nothing go for kWriteStallMax; each is given up,
// and with more than so many the connection.
inline constexpr std::uint32_t kHttp2StalledStreamsMax = 8;
// Messages waiting to be sent on one stream that stays open.
inline constexpr std::size_t kStreamOutputSizeBytesMax = 64 * 1024;
// After the first GOAWAY the peer's requests under way are awaited at most this long.
inline constexpr std::chrono::milliseconds kGoawayRoundTripMax{1'000};
// Streams kept for reuse by one thread.
inline constexpr std::size_t kStreamPoolMax = 256;
// What a head may leave allocated in an exchange kept for reuse.
inline constexpr std::size_t kHeadKeptSizeBytesMax = 4 * 1024;
// grpc-message, before percent-encoding.
inline constexpr std::size_t kGrpcMessageSizeBytesMax = 1024;

}  // namespace gateway::net
