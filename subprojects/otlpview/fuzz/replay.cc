// Runs a fuzz target over files: the corpus is a test of every build, libFuzzer or not.
//
//   replay FOLDER...    every file below; the name of each is printed before it runs
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argument_count, char** arguments) {
  std::size_t count = 0;
  try {
    for (int i = 1; i < argument_count; ++i) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i])) {
        if (!entry.is_regular_file()) continue;
        std::puts(entry.path().c_str());
        std::fflush(stdout);
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
        // An exact copy on the heap: a sanitizer sees its end.
        const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
        LLVMFuzzerTestOneInput(input.data(), input.size());
        ++count;
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::printf("%zu inputs\n", count);
  return count > 0 ? 0 : 1;  // an empty corpus is a mistake
}
