// The numbers of docs/limits.md are those that the compiler has.
#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <string_view>
#include <vector>

#include "limits_table.h"

namespace sluice {
namespace {

// Times in nanoseconds, as the table has them.
constexpr unsigned long long number(std::integral auto value) {
  return static_cast<unsigned long long>(value);
}
template <class Count, class Period>
constexpr unsigned long long number(std::chrono::duration<Count, Period> time) {
  return number(std::chrono::nanoseconds(time).count());
}

struct Row {
  std::string_view name;
  unsigned long long documented;
  unsigned long long compiled;
};

TEST(Limits, TheDocumentHasTheCompilersNumbers) {
  const std::vector<Row> rows{SLUICE_LIMITS};
  for (const Row& row : rows) {
    EXPECT_EQ(row.documented, row.compiled) << row.name;
  }
  EXPECT_GT(rows.size(), 80U);
}

}  // namespace
}  // namespace sluice
