// How jemalloc is tuned, read by it before main().
//
//   narenas:1               what one thread frees another takes: more arenas only spread pages
//   tcache_max:262144       bodies of requests (tens of KiB) are reused by their thread, no lock
//   background_thread:true  free memory goes back to the kernel while nothing happens
//   dirty_decay_ms, muzzy   one second of reuse, then back: resident memory follows the load
//   oversize_threshold      bodies of a few MiB are reused like others, larger ones go back at once
//
// Source: docs/decisions/0006-jemalloc.md has what was measured.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "narenas:1,tcache_max:262144,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,"
    "oversize_threshold:8388608";
}
