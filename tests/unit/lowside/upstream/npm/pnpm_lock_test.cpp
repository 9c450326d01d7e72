#include <gmock/gmock.h>

#include "common/base/hasher.h"
#include "tests/unit/lowside/upstream/npm/locked.h"

namespace sluice::low {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

// One project, as pnpm 7, 8 and 9 lock it.
constexpr std::string_view kVersion5 = R"(lockfileVersion: 5.4

specifiers:
  '@types/semver': 7.5.8
  own: file:./own

dependencies:
  '@types/semver': 7.5.8
  old: /semver/5.7.3
  own: file:own
  store: 1.2.0_react@18.2.0

packages:

  /@types/semver/7.5.8:
    resolution: {integrity: sha512-I8EUhyrgfLrcTkzV3TSsGyl1tSuPrEDzr0yd5m90UgNxQkyDXULk3b6MlQqTCpZpNtWe1K0hzclnZkTcLBe2UQ==}
    dev: false

  /fsevents/2.3.3:
    resolution: {integrity: sha512-5xoDfX+fL7faATnagmWPpbFtwh/R77WmMMqqHGS65C3vvB0YHrgF+B1YmZ3441tMj5n63k0212XNoJwzlhffQw==}
    engines: {node: ^8.16.0 || ^10.6.0 || >=11.0.0}
    os: [darwin]
    requiresBuild: true
    dev: false
    optional: true

  /is-odd/3.0.1:
    resolution: {integrity: sha512-CQpnWPrDwmP1+SMHXZhtLtJv90yiyVfluGsX5iNCVkrhQtU3TQHsUWPG9wkdk9Lgd5yNpAg9jQEo90CBaXgWMA==}
    dev: true

  /native-gnu/4.9.0:
    resolution: {integrity: sha512-m6pkSwcZZD2LCFHZX/zW2aLIISyzWLU3hrLLzQKMI12+OLEzgruTovAxY5sCZJkipklaZqPy/2bEEBNjp+Y7xg==}
    cpu: [x64]
    os: [linux]
    libc: [glibc]
    optional: true

  /native-musl/4.9.0:
    resolution: {integrity: sha512-VFAC1RDRSbU3iOF98X42KaVicAfKf0m0OvIu8dbnqhTe26Kh6Ym9JrDulz7Hbk7/9zGc41JkV02g+p3BivOdAg==}
    cpu: [x64]
    os: [linux]
    libc: [musl]
    optional: true

  /semver/5.7.3:
    resolution: {integrity: sha512-kM18BPOqTi0+TB68703/GJRpAML5Me+IDQsR1J26YB3EFKKNEyHIVZuWDX7+WKQB3tHwDwgk24BfhdpWUbytvQ==}
    hasBin: true

  /store/1.2.0_react@18.2.0:
    resolution: {integrity: sha512-eEgnFxGQ1Ife9bzYs6VLi8/4X6CObHMw9Qr9tPY43iKwsPw8xE8+EFsf/2cFZ5S3esXgpWgtSCtLNS41F+sKPA==}
    peerDependencies:
      react: ^16.8.0 || ^17.0.0 || ^18.0.0

  npm.example.org/theirs/1.0.0:
    resolution: {integrity: sha512-Wu1VHeILBK8KAWJUAiSZQX94GmOE45Rg6/538fKwiloUu21KncEkYGPqob2oSZ5mUT73vLGrHQjKw3KMPwfDzg==, registry: https://npm.example.org/, tarball: https://npm.example.org/theirs.tgz}

  file:own:
    resolution: {directory: own, type: directory}
    name: own
    version: 1.0.0
)";

constexpr std::string_view kVersion6 = R"(lockfileVersion: '6.0'

settings:
  autoInstallPeers: true

importers:
  .:
    dependencies:
      old:
        specifier: npm:semver@^5
        version: /semver@5.7.3
  packages/own: {}

packages:

  /@types/semver@7.5.8:
    resolution: {integrity: sha512-I8EUhyrgfLrcTkzV3TSsGyl1tSuPrEDzr0yd5m90UgNxQkyDXULk3b6MlQqTCpZpNtWe1K0hzclnZkTcLBe2UQ==}
    dev: true

  /fsevents@2.3.3:
    resolution: {integrity: sha512-5xoDfX+fL7faATnagmWPpbFtwh/R77WmMMqqHGS65C3vvB0YHrgF+B1YmZ3441tMj5n63k0212XNoJwzlhffQw==}
    os: [darwin]
    optional: true

  /semver@5.7.3:
    resolution: {integrity: sha512-kM18BPOqTi0+TB68703/GJRpAML5Me+IDQsR1J26YB3EFKKNEyHIVZuWDX7+WKQB3tHwDwgk24BfhdpWUbytvQ==}

  /store@1.2.0(@types/react@18.0.1)(react@18.2.0):
    resolution: {integrity: sha512-eEgnFxGQ1Ife9bzYs6VLi8/4X6CObHMw9Qr9tPY43iKwsPw8xE8+EFsf/2cFZ5S3esXgpWgtSCtLNS41F+sKPA==}

  file:own:
    resolution: {directory: own, type: directory}
    name: own
)";

constexpr std::string_view kVersion9 = R"(lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .:
    dependencies:
      old:
        specifier: npm:semver@^5
        version: semver@5.7.3
      own:
        specifier: file:./own
        version: file:own
      sibling:
        specifier: workspace:*
        version: link:packages/sibling
      store:
        specifier: 1.2.0
        version: 1.2.0(react@18.2.0)
    optionalDependencies:
      native-gnu:
        specifier: 4.9.0
        version: 4.9.0
      native-musl:
        specifier: 4.9.0
        version: 4.9.0
    devDependencies:
      is-odd:
        specifier: 3.0.1
        version: 3.0.1

packages:

  is-number@6.0.0:
    resolution: {integrity: sha512-Wu1VHeILBK8KAWJUAiSZQX94GmOE45Rg6/538fKwiloUu21KncEkYGPqob2oSZ5mUT73vLGrHQjKw3KMPwfDzg==}

  is-odd@3.0.1:
    resolution: {integrity: sha512-CQpnWPrDwmP1+SMHXZhtLtJv90yiyVfluGsX5iNCVkrhQtU3TQHsUWPG9wkdk9Lgd5yNpAg9jQEo90CBaXgWMA==}

  native-gnu@4.9.0:
    resolution: {integrity: sha512-m6pkSwcZZD2LCFHZX/zW2aLIISyzWLU3hrLLzQKMI12+OLEzgruTovAxY5sCZJkipklaZqPy/2bEEBNjp+Y7xg==}
    cpu: [x64]
    os: [linux]
    libc: [glibc]

  native-musl@4.9.0:
    resolution: {integrity: sha512-VFAC1RDRSbU3iOF98X42KaVicAfKf0m0OvIu8dbnqhTe26Kh6Ym9JrDulz7Hbk7/9zGc41JkV02g+p3BivOdAg==}
    cpu: [x64]
    os: [linux]
    libc: [musl]

  own@file:own:
    resolution: {directory: own, type: directory}

  react@18.2.0:
    resolution: {integrity: sha512-/3IjMdb2L9QbBdWiW5e3P2/npwMBaU9mHCSCUzNln0ZCYbcfTsGbTJrU/kGemdH2IWmB2ioZ+zkxtmq6g09fGQ==}

  semver@5.7.3:
    resolution: {integrity: sha512-kM18BPOqTi0+TB68703/GJRpAML5Me+IDQsR1J26YB3EFKKNEyHIVZuWDX7+WKQB3tHwDwgk24BfhdpWUbytvQ==}

  store@1.2.0:
    resolution: {integrity: sha512-eEgnFxGQ1Ife9bzYs6VLi8/4X6CObHMw9Qr9tPY43iKwsPw8xE8+EFsf/2cFZ5S3esXgpWgtSCtLNS41F+sKPA==}
    peerDependencies:
      react: ^18.0.0

snapshots:

  is-number@6.0.0: {}

  is-odd@3.0.1:
    dependencies:
      is-number: 6.0.0

  native-gnu@4.9.0:
    optional: true

  native-musl@4.9.0:
    optional: true

  own@file:own: {}

  react@18.2.0: {}

  semver@5.7.3: {}

  store@1.2.0(react@18.2.0):
    dependencies:
      react: 18.2.0
)";

TEST(PnpmLock, ReadsVersion5) {
  EXPECT_THAT(locked(kVersion5),
              UnorderedElementsAre("@types/semver@7.5.8", "is-odd@3.0.1", "native-gnu@4.9.0?",
                                   "semver@5.7.3", "store@1.2.0", "theirs@1.0.0"));
}

TEST(PnpmLock, ReadsVersion5WithInlineSpecifiers) {
  EXPECT_THAT(
      locked("lockfileVersion: 5.4-inlineSpecifiers\npackages:\n  /@a/b/1.0.0_c@2.0.0: {}\n"),
      ElementsAre("@a/b@1.0.0"));
}

TEST(PnpmLock, ReadsVersion6) {
  EXPECT_THAT(locked(kVersion6),
              UnorderedElementsAre("@types/semver@7.5.8", "semver@5.7.3", "store@1.2.0"));
}

TEST(PnpmLock, ReadsVersion9) {
  EXPECT_THAT(locked(kVersion9),
              UnorderedElementsAre("is-number@6.0.0", "is-odd@3.0.1", "native-gnu@4.9.0?",
                                   "react@18.2.0", "semver@5.7.3", "store@1.2.0"));
}

TEST(PnpmLock, LeavesOutWhatOnlyDevelopmentNeeds) {
  const LockOptions run{.include_dev = false};
  EXPECT_THAT(locked(kVersion5, run),
              AllOf(Not(testing::Contains("is-odd@3.0.1")), testing::Contains("semver@5.7.3")));
  EXPECT_THAT(locked(kVersion6, run), UnorderedElementsAre("semver@5.7.3", "store@1.2.0"));
  EXPECT_THAT(locked(kVersion9, run), UnorderedElementsAre("native-gnu@4.9.0?", "react@18.2.0",
                                                           "semver@5.7.3", "store@1.2.0"));
}

TEST(PnpmLock, ChoosesByTheTargets) {
  for (const std::string_view text : {kVersion5, kVersion9}) {
    EXPECT_THAT(locked(text, {.targets = {{"linux", "x64", "musl"}}}),
                AllOf(testing::Contains("native-musl@4.9.0?"),
                      Not(testing::Contains("native-gnu@4.9.0?"))));
    EXPECT_THAT(locked(text, {.targets = {}}), AllOf(testing::Contains("native-musl@4.9.0?"),
                                                     testing::Contains("native-gnu@4.9.0?")));
  }
  EXPECT_THAT(locked(kVersion6, {.targets = {{"darwin", "arm64", ""}}}),
              testing::Contains("fsevents@2.3.3?"));
}

TEST(PnpmLock, KeepsTheIntegrity) {
  const auto packages = read_lock_file("lock", kVersion6, {NpmTarget{}}, false);
  ASSERT_TRUE(packages && packages->front().integrity);
  EXPECT_EQ(packages->front().integrity,
            Digest::from_sri("sha512-kM18BPOqTi0+TB68703/GJRpAML5Me+IDQsR1J26YB3EFKKNEyHIVZuWDX7+WK"
                             "QB3tHwDwgk24BfhdpWUbytvQ=="));
}

// One snapshot that is needed makes the package so, whatever the others say.
TEST(PnpmLock, IsOptionalOnlyIfAllItsSnapshotsAre) {
  EXPECT_THAT(locked("lockfileVersion: '9.0'\n"
                     "packages:\n  a@1.0.0: {os: [darwin]}\n  b@1.0.0: {os: [darwin]}\n"
                     "snapshots:\n  a@1.0.0(b@1.0.0): {optional: true}\n  a@1.0.0: {}\n"
                     "  b@1.0.0(c@1.0.0): {optional: true}\n  b@1.0.0: {optional: true}\n"),
              ElementsAre("a@1.0.0"));
}

TEST(PnpmLock, FollowsAliasesAndCyclesWhereDevelopmentIsLeftOut) {
  EXPECT_THAT(locked("lockfileVersion: '9.0'\n"
                     "importers:\n  .:\n    dependencies:\n"
                     "      x: {specifier: 'npm:@s/a@1', version: '@s/a@1.0.0(b@2.0.0)'}\n"
                     "packages:\n  '@s/a@1.0.0': {}\n  b@2.0.0: {}\n  c@3.0.0: {}\n"
                     "snapshots:\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies: {b: 2.0.0}\n"
                     "  b@2.0.0:\n    optionalDependencies: {y: '@s/a@1.0.0(b@2.0.0)'}\n"
                     "  c@3.0.0: {}\n",
                     {.include_dev = false}),
              UnorderedElementsAre("@s/a@1.0.0", "b@2.0.0"));
}

// pnpm's own packages, which it fetches where package.json names its version.
TEST(PnpmLock, ReadsAllDocuments) {
  EXPECT_THAT(locked("---\nlockfileVersion: '9.0'\nimporters:\n  .:\n"
                     "    packageManagerDependencies:\n"
                     "      pnpm: {specifier: 11.0.0, version: 11.0.0}\n"
                     "packages:\n  pnpm@11.0.0: {}\n---\n"
                     "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {}\n",
                     {.include_dev = false}),
              ElementsAre("pnpm@11.0.0"));
}

TEST(PnpmLock, NamesWhatNoRegistryHolds) {
  const std::string git = refusal(
      "lockfileVersion: 5.4\npackages:\n  git.example.org/user/repo/1d7e28:\n"
      "    resolution: {commit: 1d7e28, repo: 'https://git.example.org/user/repo', type: git}\n"
      "    name: repo\n    version: 1.0.0\n");
  EXPECT_THAT(git,
              HasSubstr("repo comes from https://git.example.org/user/repo, not from a registry"));
  EXPECT_THAT(git, HasSubstr("carry that dependency as a file"));
  for (const char* entry :
       {"x@file:x.tgz:\n    resolution: {integrity: sha512-AA==, tarball: 'file:x.tgz'}",
        "x@https://host.example/x.tgz:\n    resolution: {tarball: 'https://host.example/x.tgz'}",
        "x@file:../x:\n    resolution: {directory: ../x, type: directory}",
        "x@git+ssh://host.example/x:\n    resolution: {repo: ssh://host.example/x, type: git}",
        "x@1.0.0:\n    resolution: {repo: ssh://host.example/x, type: git}"}) {
    EXPECT_THAT(refusal(std::string("lockfileVersion: '9.0'\npackages:\n  ") + entry + "\n"),
                HasSubstr("lock: x comes from "))
        << entry;
  }
}

TEST(PnpmLock, RefusesWhatIsNoLockFile) {
  EXPECT_THAT(refusal("lockfileVersion: 5.1\n"), HasSubstr("5.4, 6 or 9 is needed"));
  EXPECT_THAT(refusal("lockfileVersion: {}\n"), HasSubstr("5.4, 6 or 9 is needed"));
  EXPECT_THAT(refusal("lockfileVersion: '9.0'\npackages: [\n"), HasSubstr("line "));
  EXPECT_THAT(refusal("lockfileVersion: '9.0'\n--- x\n"), HasSubstr("not a mapping"));
  for (const char* key : {"x", "'x@'", "''", "/", "'/@a'", "x@latest", "../x@1.0.0", "'@x@1.0.0'",
                          "node_modules@1.0.0", "'(x@1.0.0)'", "'x@1.0.0/../../y'"}) {
    for (const char* version : {"5.4", "'6.0'", "'9.0'"}) {
      EXPECT_THAT(
          refusal(std::string("lockfileVersion: ") + version + "\npackages:\n  " + key + ": {}\n"),
          HasSubstr("names no version that a registry holds"))
          << key << version;
    }
  }
  EXPECT_THAT(refusal("lockfileVersion: '9.0'\npackages: {a@1.0.0: x}\n"),
              HasSubstr("\"a@1.0.0\" is not a mapping"));
  EXPECT_THAT(refusal("lockfileVersion: '9.0'\nx: &x {a: *x}\n"), HasSubstr("an anchor"));
}

TEST(PnpmLock, MayBeOfAProjectWithoutPackages) {
  EXPECT_THAT(locked("lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n"), ElementsAre());
}

}  // namespace
}  // namespace sluice::low
