#include "common/ecosystem/huggingface/repository.h"

#include <gtest/gtest.h>

namespace sluice::huggingface {
namespace {

TEST(HuggingFaceNames, TakesTheHubsIds) {
  for (const char* id : {"gpt2", "org/name", "A.b_c-d/E-1.0_x", "meta-llama/Llama-3.1-8B"}) {
    EXPECT_TRUE(check_id(id)) << id;
  }
}

TEST(HuggingFaceNames, RefusesWhatIsNoId) {
  for (const char* id : {"", "/", "a/", "/a", "a/b/c", "..", "a/..", "a--b", ".a", "a.", "-a", "a-",
                         "x.git", "a b", "a/b@c", "a%2fb", "mod\xc3\xa8le", "a\nb"}) {
    EXPECT_FALSE(check_id(id)) << id;
  }
  EXPECT_FALSE(check_id(std::string(97, 'a')));
}

TEST(HuggingFaceNames, TellsCommitsFromOtherRevisions) {
  EXPECT_TRUE(is_commit(std::string(40, 'a')));
  EXPECT_FALSE(is_commit(std::string(40, 'A')));
  EXPECT_FALSE(is_commit(std::string(39, 'a')));
  for (const char* revision : {"main", "refs/pr/1", "v1.0", "feature/x@y"}) {
    EXPECT_TRUE(check_revision(revision)) << revision;
  }
  for (const char* revision :
       {"", "a b", "a..b", "/a", "a/", "a//b", "a~1", "a:b", "a@{1}", "a.", "\xc3\xa8", "a\x01"}) {
    EXPECT_FALSE(check_revision(revision)) << revision;
  }
}

TEST(HuggingFaceNames, PathsStayInside) {
  EXPECT_TRUE(check_path("onnx/model.onnx"));
  for (const char* path : {"", "/a", "a/", "../a", "a/../b", "a//b", "a\\b", "a\nb", "."}) {
    EXPECT_FALSE(check_path(path)) << path;
  }
}

TEST(HuggingFaceNames, DocumentsAreReadBack) {
  const Repository repository{Kind::kDataset, "org/name"};
  const std::string commit(40, 'c');
  EXPECT_EQ(repository.document(), "datasets/org/name");
  EXPECT_EQ(repository.address(), "datasets/org/name");
  EXPECT_EQ((Repository{Kind::kModel, "gpt2"}.address()), "gpt2");
  const auto refs = parse_document(repository.document()).value();
  EXPECT_EQ(refs.repository, repository);
  EXPECT_EQ(refs.commit, "");
  const auto revision = parse_document(repository.document_of(commit)).value();
  EXPECT_EQ(revision.repository, repository);
  EXPECT_EQ(revision.commit, commit);
  for (const char* name : {"models", "models/", "tokens/a", "models/a@", "models/a@main", "/a"}) {
    EXPECT_FALSE(parse_document(name)) << name;
  }
}

}  // namespace
}  // namespace sluice::huggingface
