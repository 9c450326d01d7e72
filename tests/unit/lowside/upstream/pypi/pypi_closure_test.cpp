// What a poll tells a plan of its closures, and what is too old for a window. A script stands for
// pip.
#include <gmock/gmock.h>

#include "common/base/text.h"
#include "lowside/pipeline/rfc3339.h"
#include "lowside/upstream/pypi/cuda_variant.h"
#include "lowside/upstream/pypi/wheel_memory.h"
#include "tests/unit/lowside/upstream/pypi/poll_fixture.h"

namespace sluice::low::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PypiClosureTest : public PollFixture {
 protected:
  PypiClosureTest() {
    a = index.publish("a", "1.0");
    b = index.publish("b", "1.0");
    settings.packages = {"a"};
    pip_answers({{"a", a}, {"b", b}});
    list_closure = true;
  }
  static std::vector<std::string> items(const Proposal& proposal) {
    std::vector<std::string> names;
    for (const proto::PlanNode& node : proposal.closure) {
      names.push_back(node.item());
    }
    std::ranges::sort(names);
    return names;
  }
  static const proto::PlanNode& node(const Proposal& proposal, const std::string& item) {
    return *std::ranges::find(proposal.closure, item, &proto::PlanNode::item);
  }
  void uploaded(const std::string& project, const std::string& file, const std::string& when) {
    index.edit(project, file, [&](json::object& entry) { entry["upload-time"] = when; });
  }

  std::string a;
  std::string b;
};

TEST_F(PypiClosureTest, EveryFileIsListedWhetherItIsNewOrShipped) {
  const Proposal first = poll().value();
  EXPECT_THAT(items(first), ElementsAre(a, b));
  const proto::PlanNode& one = node(first, a);
  EXPECT_EQ(one.ecosystem(), "pypi");
  EXPECT_EQ(one.document(), "a");
  EXPECT_EQ(one.sha256(), project("a").files(0).sha256());
  EXPECT_EQ(one.size(), project("a").files(0).size());
  EXPECT_THAT(first.besides,
              ElementsAre(project("a").files(0).metadata(), project("b").files(0).metadata()));
  const Proposal again = poll().value();  // nothing has changed
  EXPECT_TRUE(again.records.empty());
  EXPECT_THAT(items(again), ElementsAre(a, b));
  EXPECT_EQ(node(again, a).sha256(), node(first, a).sha256());
}

TEST_F(PypiClosureTest, WhatIsNotShippedIsNotFetchedAgain) {
  const std::string before = cursor;
  const Proposal first = poll().value();
  EXPECT_EQ(intake.taken, 2U);
  cursor = before;  // nobody approved it
  const Proposal again = poll().value();
  EXPECT_EQ(intake.taken, 2U);
  EXPECT_EQ(items(again), items(first));
  EXPECT_EQ(again.records.size(), 2U);
  EXPECT_EQ(again.records[0].body(), first.records[0].body());
}

TEST_F(PypiClosureTest, WhatTheIndexSaysOfMetadataIsCheckedThoughTheWheelIsHeld) {
  const std::string before = cursor;
  poll().value();
  cursor = before;
  index.edit("a", a, [](json::object& file) {
    file["core-metadata"] = json::object{{"sha256", std::string(64, '0')}};
  });
  const Proposal lied = poll().value();
  EXPECT_TRUE(lied.records.empty());
  EXPECT_THAT(problems(lied), HasSubstr("digest of its metadata"));
}

TEST_F(PypiClosureTest, WithdrawnFilesAndSourceArchivesAreFlagged) {
  index.edit("a", a, [](json::object& file) { file["yanked"] = "broken"; });
  const Proposal proposal = poll().value();
  EXPECT_THAT(node(proposal, a).flags(), ElementsAre("withdrawn: broken"));
  EXPECT_TRUE(node(proposal, b).flags().empty());
}

TEST_F(PypiClosureTest, WheelsForDifferentCudasAreNamed) {
  const std::string torch = index.publish("torch", "2.1.0+cu121");
  const std::string vision = index.publish("vision", "0.16.0+cu118");
  pip_answers({{"torch", torch}, {"vision", vision}});
  const Proposal mixed = poll().value();
  EXPECT_THAT(problems(mixed), HasSubstr("it mixes wheels for different CUDAs: cu118 in " + vision +
                                         ", cu121 in " + torch));
  EXPECT_THAT(node(mixed, torch).flags(), ElementsAre("cu121"));
  const std::string fitting = index.publish("vision", "0.16.0+cu121");
  pip_answers({{"torch", torch}, {"vision", fitting}});
  settings.packages = {"a", "b"};
  EXPECT_EQ(problems(poll().value()), "");
}

TEST(CudaVariant, IsReadFromVersionAndName) {
  EXPECT_EQ(cuda_variant("torch", "torch-2.1.0+cu121-cp311-cp311-linux_x86_64.whl"), "cu121");
  EXPECT_EQ(cuda_variant("pyg-lib", "pyg_lib-0.4.0+pt21.cu118-py3-none-any.whl"), "cu118");
  EXPECT_EQ(cuda_variant("nvidia-cublas-cu12", "nvidia_cublas_cu12-12.1.3-py3-none-any.whl"),
            "cu12");
  for (const char* none : {"cudf-1.0-py3-none-any.whl", "cudf-1.0+cpu-py3-none-any.whl",
                           "cudf-1.0+cu-py3-none-any.whl", "other-1.0-py3-none-any.whl"}) {
    EXPECT_EQ(cuda_variant("cudf", none), std::nullopt) << none;
  }
}

TEST(CudaVariant, OneEnvironmentHasOne) {
  EXPECT_FALSE(are_mixed({}));
  EXPECT_FALSE(are_mixed({{"cu121", "a"}, {"cu12", "b"}}));
  EXPECT_TRUE(are_mixed({{"cu121", "a"}, {"cu118", "b"}}));
  EXPECT_TRUE(are_mixed({{"cu121", "a"}, {"cu124", "b"}}));
  EXPECT_TRUE(are_mixed({{"cu12", "a"}, {"cu11", "b"}}));
  EXPECT_TRUE(are_mixed({{"cu121", "a"}, {"cu11", "b"}}));
}

TEST_F(PypiClosureTest, OnlyWhatWasUploadedWithinTheWindowIsWanted) {
  published_since = read_rfc3339("2024-02-01T00:00:00Z");
  uploaded("a", a, "2024-01-31T23:59:59Z");
  uploaded("b", b, "2024-03-01T00:00:00Z");  // a dependency makes nothing new
  const Proposal old = poll().value();
  EXPECT_TRUE(old.records.empty());
  EXPECT_TRUE(old.closure.empty());
  EXPECT_EQ(problems(old), "");
  uploaded("a", a, "2024-02-01T00:00:00Z");
  uploaded("b", b, "2020-01-01T00:00:00Z");  // comes along whatever its age
  EXPECT_THAT(items(poll().value()), ElementsAre(a, b));
  published_since = read_rfc3339("2024-06-01T00:00:00Z");
  poll().value();
  EXPECT_THAT(files("a"), ElementsAre(a));  // what was shipped stays
}

TEST_F(PypiClosureTest, WithoutUploadTimesThereIsNoWindow) {
  published_since = read_rfc3339("2024-01-01T00:00:00Z");
  index.as_html(true);
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.records.empty());
  EXPECT_THAT(problems(proposal), HasSubstr("does not say when it was uploaded"));
}

TEST(WheelMemory, OutlivesAPollAndForgetsWhatIsGarbage) {
  const sluice::test::TemporaryFolder folder;
  const Sha256Digest wheel = sha256(as_bytes("wheel"));
  const Sha256Digest metadata = sha256(as_bytes("metadata"));
  {
    WheelMemory memory(folder / "wheels");
    EXPECT_EQ(memory.metadata_of(wheel), std::nullopt);
    memory.remember(wheel, metadata);
    memory.save();
  }
  EXPECT_EQ(WheelMemory(folder / "wheels").metadata_of(wheel), metadata);
  std::ofstream(folder / "wheels", std::ios::app) << "garbage garbage\n" << wheel.hex();
  EXPECT_EQ(WheelMemory(folder / "wheels").metadata_of(wheel), metadata);
}

}  // namespace
}  // namespace sluice::low::test
