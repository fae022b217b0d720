// How jemalloc is tuned, read by it before main().
//
//   narenas:2               a few threads allocate; more arenas only spread free memory
//   tcache_max:262144       bodies of requests (tens of KiB) are reused by their thread, no lock
//   background_thread:true  free memory goes back to the kernel while nothing happens
//   dirty_decay_ms, muzzy   one second of reuse, then back: resident memory follows the load
//   oversize_threshold      large bodies are rare: theirs goes back at once
//
// Source: docs/decisions/0006-jemalloc.md has what was measured.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "narenas:2,tcache_max:262144,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,"
    "oversize_threshold:524288";
}
