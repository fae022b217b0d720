#include "ottl/digest.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace gateway::ottl {
namespace {

// Goal: the methods' memory is used again, and nothing of one text is left for the next. Method:
// published digests, in turns, twice, and from another thread.
TEST(Digest, IsThePublishedOneEachTime) {
  const auto expect_published = [] {
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(sha256_hex("abc").text(),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      EXPECT_EQ(sha1_hex("abc").text(), "a9993e364706816aba3e25717850c26c9cd0d89d");
      EXPECT_EQ(md5_hex("abc").text(), "900150983cd24fb0d6963f7d28e17f72");
      EXPECT_EQ(sha3_256_hex("abc").text(),
                "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
      EXPECT_EQ(sha256_hex({}).text(),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
      EXPECT_EQ(sha256_hex(std::string(1000, 'a')).text(),
                "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
    }
  };
  expect_published();
  std::thread(expect_published).join();
}

}  // namespace
}  // namespace gateway::ottl
