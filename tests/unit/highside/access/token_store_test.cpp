#include "highside/access/token_store.h"

#include <gmock/gmock.h>

#include "common/base/text.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class TokenStoreTest : public testing::Test {
 protected:
  Token publisher(const std::string& name, UtcTime expires = {}) {
    return {.name = name,
            .role = Role::kPublisher,
            .namespaces = {NamePattern::parse("pypi:acme-*").value()},
            .created = {},
            .expires = expires,
            .last_used = {}};
  }
  std::string make(const Token& token) {
    return std::string(tokens_.create(token).value().reveal());
  }
  TokenStore reopened() { return TokenStore(index_, clock_); }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  test::ManualClock clock_;
  TokenStore tokens_{index_, clock_};
};

TEST_F(TokenStoreTest, ATokenIsTwoHundredAndFiftySixRandomBitsAndNoneIsLikeAnother) {
  const std::string one = make(publisher("one"));
  const std::string two = make(publisher("two"));
  EXPECT_EQ(one.size(), 7 + 64);
  EXPECT_THAT(one, testing::MatchesRegex("sluice_[0-9a-f]+"));
  EXPECT_NE(one, two);
  EXPECT_EQ(tokens_.find(one)->name, "one");
  EXPECT_EQ(tokens_.find(two)->name, "two");
  for (const std::string& wrong :
       {std::string(), one.substr(0, 70), one + "0", std::string("sluice_"), std::string(64, 'a'),
        std::string(100'000, 'a')}) {
    EXPECT_FALSE(tokens_.find(wrong)) << wrong.substr(0, 80);
  }
}

TEST_F(TokenStoreTest, OnlyItsDigestIsKept) {
  const std::string secret = make(publisher("ci"));
  const std::string random = secret.substr(7);
  const auto bytes = hex_decode(random).value();
  for (const auto& [key, value] : index_.values(store::Family::kMeta)) {
    EXPECT_THAT(key + value, Not(HasSubstr(random)));
    EXPECT_THAT(key + value, Not(HasSubstr(std::string(as_text(bytes)))));
  }
}

TEST_F(TokenStoreTest, CountsAfterARestartAndNoMoreOnceRevoked) {
  const std::string secret = make(publisher("ci"));
  TokenStore later(index_, clock_);
  ASSERT_TRUE(later.load());
  const auto found = later.find(secret);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->role, Role::kPublisher);
  ASSERT_EQ(found->namespaces.size(), 1);
  EXPECT_EQ(found->namespaces[0].text(), "pypi:acme-*");
  ASSERT_TRUE(later.revoke("ci"));
  EXPECT_FALSE(later.find(secret));
  EXPECT_EQ(later.revoke("ci").error().code, ErrorCode::kNotFound);
  TokenStore last(index_, clock_);
  ASSERT_TRUE(last.load());
  EXPECT_FALSE(last.find(secret));
  EXPECT_TRUE(last.all().empty());
}

TEST_F(TokenStoreTest, ExpiresWhenItSays) {
  const std::string secret = make(publisher("ci", clock_.utc_now() + 1h));
  clock_.advance(1h - 1us);
  EXPECT_TRUE(tokens_.find(secret));
  clock_.advance(1us);
  EXPECT_FALSE(tokens_.find(secret));
  EXPECT_EQ(tokens_.all().size(), 1);  // it is listed as expired
}

TEST_F(TokenStoreTest, ItsLastUseIsNotedOnceAMinute) {
  const std::string secret = make(publisher("ci"));
  EXPECT_EQ(tokens_.all()[0].last_used, UtcTime());
  const auto noted = [&] {
    TokenStore later(index_, clock_);
    later.load().value();
    return later.all().at(0).last_used;
  };
  const UtcTime first = clock_.utc_now();
  ASSERT_TRUE(tokens_.find(secret));
  EXPECT_EQ(noted(), first);
  clock_.advance(TokenStore::kNoteEvery - 1us);
  ASSERT_TRUE(tokens_.find(secret));
  EXPECT_EQ(noted(), first);
  clock_.advance(1us);
  ASSERT_TRUE(tokens_.find(secret));
  EXPECT_EQ(noted(), first + TokenStore::kNoteEvery);
}

TEST_F(TokenStoreTest, RefusesWhatCannotBe) {
  Token reader = publisher("reader");
  reader.role = Role::kReader;
  Token homeless = publisher("homeless");
  homeless.namespaces.clear();
  for (const Token& wrong :
       {publisher(""), publisher("a b"), publisher("-x"), publisher(std::string(65, 'a')),
        publisher("x", clock_.utc_now()), reader, homeless}) {
    EXPECT_EQ(tokens_.create(wrong).error().code, ErrorCode::kInvalid) << wrong.name;
  }
  make(publisher("ci"));
  EXPECT_EQ(tokens_.create(publisher("ci")).error().code, ErrorCode::kRefused);
}

TEST_F(TokenStoreTest, AnEntryThatDoesNotReadIsNamed) {
  store::Batch batch;
  batch.put(store::Family::kMeta, "token/ci", "\xff\xff");
  ASSERT_TRUE(index_.write(batch, store::Durability::kSynced));
  TokenStore later(index_, clock_);
  const auto loaded = later.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kIo);
  EXPECT_EQ(loaded.error().thing, "token ci");
}

TEST(TokenIn, TakesBearerAndThePasswordOfBasic) {
  const auto token = [](const std::string& field) {
    return std::string(token_in(http::Credentials(field)).reveal());
  };
  const auto basic = [](std::string_view pair) { return "Basic " + base64_encode(as_bytes(pair)); };
  EXPECT_EQ(token("Bearer sluice_1"), "sluice_1");
  EXPECT_EQ(token("bearer  sluice_1 "), "sluice_1");
  EXPECT_EQ(token(basic("__token__:sluice_1")), "sluice_1");
  EXPECT_EQ(token(basic("anna:sluice_1")), "sluice_1");
  EXPECT_EQ(token(basic(":a:b")), "a:b");
  for (const std::string& none :
       {std::string(), std::string("Bearer"), std::string("Basic"), std::string("Basic !!"),
        basic("without"), basic("user:"), std::string("Digest x"), std::string("BearerX y"),
        "Bearer " + std::string(2000, 'a')}) {
    EXPECT_EQ(token(none), "") << none.substr(0, 40);
  }
}

}  // namespace
}  // namespace sluice::high
