// Runs a fuzz target once over every file of some folders: what was found once is looked for in
// every build. A folder that is not there has no files.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "tests/fuzz/input.h"

namespace {

std::vector<std::uint8_t> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t files = 0;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::exists(arguments[i])) {
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
      // Named before it runs, so that the last name is that of the file that ends the program.
      std::cout << entry.path().string() << std::endl;
      const std::vector<std::uint8_t> bytes = read(entry.path());
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      ++files;
    }
  }
  std::cout << files << " inputs\n";
  return files > 0 ? 0 : 1;  // without inputs nothing was tested
}
