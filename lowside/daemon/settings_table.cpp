#include "lowside/daemon/settings_table.h"

namespace sluice::low {
namespace {

using config::at_least;
using config::between;
using config::not_empty;
using config::one_of;
using config::repeated;
using config::required;
using config::section;
using config::SectionSpec;
using config::Type;
using config::unique;

SectionSpec daemon_section() {
  return section(
      "daemon", "This side.",
      {
          {"stream", Type::kString, required("lab-low"),
           "Names everything that this side sends. The high side knows the stream by this name.",
           not_empty()},
          {"state", Type::kPath, "/var/lib/sluice-low",
           "Where the spool, fetched files and the quarantine lie.", not_empty()},
      });
}

SectionSpec status_section() {
  return section("status",
                 "The status page, /status, /events, /metrics and /healthz, and the way for this "
                 "program's other commands to reach the daemon.",
                 {
                     {"listen", Type::kString, "127.0.0.1:7070", "Address and port.", not_empty()},
                 });
}

SectionSpec keys_section() {
  return section(
      "keys", "Keys. `sluice-low init` makes this side's; the receivers' come from the high side.",
      {
          {"signing", Type::kPath, required("/etc/sluice/signing.key"),
           "This side's secret signing key.", not_empty()},
          {"receivers", Type::kPaths, required(R"(["/etc/sluice/opening.pub"])"),
           "The opening.pub of each high side that may read the stream.", not_empty()},
      });
}

SectionSpec link_section() {
  return section(
      "link", "The way to the high side.",
      {
          {"destination", Type::kStrings, required(R"(["10.99.0.2:7400"])"),
           "Address and port of the high side; several are several lanes of one stream.",
           not_empty()},
          {"source", Type::kString, "",
           "The local address to send from; empty: by the routing table."},
          {"interface", Type::kString, "",
           "The interface to send through; empty: by the routing table."},
          {"rate", Type::kRate, "500Mbit/s",
           "Bits a second on the wire, headers included; each lane has an equal share.",
           between("64kbit/s", "400Gbit/s")},
          {"mtu", Type::kInt, "1500", "The largest packet that the link carries, in bytes.",
           between("576", "9000")},
          {"segmentation", Type::kBool, "true",
           "Let the kernel or the card cut batches into datagrams (GSO), where they can."},
          {"cpus", Type::kStrings, "[]",
           "Processors for the link's threads, by number, such as [\"2\", \"3\"]: a sender for "
           "each "
           "destination, then the builder of blocks, and around again. Empty: the system chooses."},
          {"outage", Type::kDuration, "40ms",
           "The longest interruption that nothing may be lost by. What it costs in memory and "
           "latency, check-config prints.",
           between("1ms", "2s")},
          {"redundancy", Type::kPercent, "12.5%",
           "Parity that is sent with the data, in percent of it.", between("1%", "100%")},
          {"zstd_level", Type::kInt, "1",
           "How hard compressible data is compressed, while the wire does not wait for it.",
           between("1", "19")},
      });
}

SectionSpec spool_section() {
  return section(
      "spool", "What has been sent is kept, so that it can be sent again.",
      {
          {"passes", Type::kStrings, R"(["0s", "10m"])",
           "When each shipment is sent: delays after it was made.", not_empty()},
          {"repeat_share", Type::kPercent, "10%",
           "Of the rate, what repeats and the carousel have while something more urgent is sent, "
           "in whole percent; the rest of the time they have all of it.",
           between("0%", "90%")},
          {"carousel", Type::kDuration, "7d",
           "How often everything that is held is sent again, when nothing else is to be sent, for "
           "high sides that start from nothing; 0s: only when asked for (resend all)."},
          {"keep_for", Type::kDuration, "90d", "What was sent is kept this long.", at_least("1h")},
          {"keep_bytes", Type::kSize, "500GB",
           "The oldest of what was sent is dropped when more than this is held.", at_least("1MiB")},
          {"keep_manifests", Type::kSize, "1GiB",
           "Of what was dropped, manifests and addresses are kept within so many bytes: so long, "
           "resend fetches it again from where it was."},
          {"reserve", Type::kSize, "256MiB",
           "Held back on the disk, so that one filled to its last byte can be emptied."},
          {"scrub_rate", Type::kSize, "64MiB",
           "Bytes that `sluice-low scrub` has the daemon read in a second.", at_least("64KiB")},
      });
}

SectionSpec fetch_section() {
  return section(
      "fetch",
      "How upstreams are asked. Proxies and certificate authorities come from the environment, as "
      "curl has them.",
      {
          {"contact", Type::kString, "",
           "Added to the User-Agent, so that a registry's people can reach yours."},
          {"transfers", Type::kInt, "64", "Transfers at once.", between("1", "1000")},
          {"connections_per_host", Type::kInt, "6", "Connections to one host.", between("1", "64")},
          {"stall_time", Type::kDuration, "1m",
           "A transfer that brings nothing for this long is broken off and tried again.",
           between("1s", "1h")},
          {"attempts", Type::kInt, "6",
           "Attempts in a row that brought nothing new before a transfer is given up.",
           between("1", "100")},
          {"file_time", Type::kDuration, "12h",
           "The longest that one file may take, all attempts included.", at_least("1s")},
          {"file_limit", Type::kSize, "64GiB", "The largest file that is fetched.",
           at_least("1KiB")},
      });
}

SectionSpec policy_section() {
  return section(
      "policy", "What may cross. Each refusal is an event and names the rule.",
      {
          {"max_file_size", Type::kSize, "64GiB", "Rule max-file-size: larger files are refused.",
           at_least("1KiB")},
          {"media_types", Type::kStrings, "[]",
           "Rule media-type: only these types, told from the content, such as "
           "\"application/gzip\"; empty: all."},
          {"deny_names", Type::kStrings, "[]",
           "Rule deny-name: files whose names match one of these patterns (*, ?) are refused."},
      });
}

SectionSpec requests_section() {
  return section("requests", "Approvals of what sources of the pattern \"request\" are asked for.",
                 {
                     {"overdue_after", Type::kDuration, "3d",
                      "A plan that waits for an approval for longer is an event, counted and shown "
                      "in the status.",
                      at_least("1s")},
                 });
}

config::Setting pattern() {
  return {"pattern", Type::kString, "follow",
          "follow: every new version of what is wanted. request: only plans that somebody approved "
          "(sluice-low request). window: only what was published within the window.",
          one_of({"follow", "request", "window"})};
}

config::Setting window() {
  return {"window", Type::kDuration, "0s",
          "Of the pattern window: how long ago something may have been published or changed to be "
          "wanted, such as \"30d\".",
          between("0s", "3650d")};
}

SectionSpec npm_section() {
  return repeated(
      "npm", "An npm registry, and what is wanted of it.",
      {
          {"name", Type::kString, "npm", "The source's name in events and on pages.", unique()},
          {"registry", Type::kString, "",
           "The registry's address; empty: what npm is set to use on this machine."},
          {"interval", Type::kDuration, "10m", "Time between polls.", at_least("10s")},
          {"want", Type::kStrings, "[]",
           "Packages with ranges: \"express@^4\", \"@types/node@20\"."},
          {"files", Type::kPaths, "[]",
           "Files of projects: package.json, package-lock.json, pnpm-lock.yaml, yarn.lock; read "
           "again at each poll."},
          {"targets", Type::kStrings, R"(["linux/x64/glibc"])",
           "Machines that packages are for: os/cpu/libc, in node's words. Empty: all; pnpm 11 and "
           "later ask for every machine's packages that a lock file names, yarn does where it "
           "resolves anew."},
          {"dev", Type::kBool, "true",
           "Whether development dependencies of those files are wanted too; those of a yarn.lock "
           "always are: it does not tell them apart."},
          {"signatures", Type::kString, "required",
           "Where the registry publishes signing keys: whether every version must be signed.",
           one_of({"required", "when-present"})},
          pattern(),
          window(),
      });
}

SectionSpec pypi_section() {
  return repeated(
      "pypi", "An index of Python packages, and what is wanted of it.",
      {
          {"name", Type::kString, "pypi", "The source's name in events and on pages.", unique()},
          {"index", Type::kString, "",
           "The index's address, which ends in /simple/ as a rule; empty: what pip is set to use "
           "on this machine."},
          {"interval", Type::kDuration, "10m", "Time between polls.", at_least("10s")},
          {"want", Type::kStrings, "[]",
           "Requirements: \"requests[socks]>=2.31\", \"numpy==1.26.*\". Resolved together."},
          {"files", Type::kPaths, "[]",
           "requirements.txt files, hashes included, and pylock.toml files; each is resolved by "
           "itself and read again at "
           "each poll."},
          {"constraints", Type::kPaths, "[]", "constraints.txt files, for all of these."},
          {"targets", Type::kStrings, R"(["3.11/manylinux_2_36_x86_64"])",
           "Machines that packages are for: a version of Python and the newest platform tag that "
           "the machine takes.",
           not_empty()},
          {"prereleases", Type::kBool, "false",
           "Whether pre-releases are taken where a requirement does not name one."},
          {"sources", Type::kStrings, "[]",
           "Source archives that may cross: \"legacy==1.0\". All else crosses as wheels only."},
          {"python", Type::kString, "/usr/bin/python3",
           "The Python whose pip resolves what is wanted.", not_empty()},
          pattern(),
          window(),
      });
}

SectionSpec oci_section() {
  return repeated(
      "oci",
      "Container images: a registry and what is wanted of it, or a drop folder for archives of "
      "images.",
      {
          {"name", Type::kString, "oci", "The source's name in events and on pages.", unique()},
          {"registry", Type::kString, "",
           "The registry's address, such as \"https://registry.example.org:5000\"; empty: drop is "
           "set."},
          {"drop", Type::kPath, "",
           "A folder for archives of images instead of a registry: what docker save, podman save "
           "and skopeo's docker-archive: and oci-archive: write, packed or not, and folders with "
           "an "
           "OCI layout. All that they name is wanted."},
          {"settle", Type::kDuration, "5s",
           "drop: an archive is taken when it has not changed for this long.", between("0s", "1d")},
          {"serve_as", Type::kString, "",
           "The registry as images name it, such as \"docker.io\"; empty: the host and port of its "
           "address. Must be set for a drop folder."},
          {"interval", Type::kDuration, "10m", "Time between polls.", at_least("10s")},
          {"want", Type::kStrings, "[]",
           "Images: \"library/nginx:1.27\", \"team/app@sha256:...\", tags by a pattern (*, ?) "
           "\"library/nginx:1.27-*\" or by a range of versions \"team/app:>=1.2 <2\", "
           "\"team/app:^1.4\"; without a tag \"latest\". A tag that moves is followed."},
          {"exclude", Type::kStrings, "[]",
           "Tags that match one of these patterns are taken by no pattern and no range."},
          {"platforms", Type::kStrings, "[]",
           "Of images for several platforms only these: \"linux/amd64\", \"linux/arm64\", "
           "\"linux/arm/v7\"; empty: all. Their index stays as it is; what is left out is answered "
           "404."},
          {"referrers", Type::kBool, "true",
           "Whether signatures, attestations and SBOMs of the images come along."},
          {"credentials", Type::kPath, "",
           "A file with user:password on one line; read when the registry asks. Empty: none."},
          {"keep_untagged", Type::kDuration, "90d",
           "How long an image stays that no tag leads to any longer.", at_least("0s")},
          pattern(),
      });
}

SectionSpec sif_section() {
  return section(
      "sif",
      "Images in Singularity's format, of [[oci]] sources. Their structure is always checked.",
      {
          {"keyring", Type::kPath, "",
           "OpenPGP public keys of who may sign such images, as gpg --export writes them; empty: "
           "signatures are not looked at."},
          {"signatures", Type::kString, "verify",
           "With a keyring. verify: what is not signed is let through and marked so; a signature "
           "that does not hold, or is by another key, is refused. require: what is not signed is "
           "refused too. ignore: signatures are not looked at.",
           one_of({"verify", "require", "ignore"})},
      });
}

SectionSpec apt_section() {
  return repeated(
      "apt", "A Debian archive, and what is wanted of it.",
      {
          {"name", Type::kString, "debian", "The source's name in events and on pages.", unique()},
          {"archive", Type::kString, "debian",
           "The archive's folder on the high side: http://HIGH/apt/ARCHIVE.", not_empty()},
          {"sources", Type::kPaths, R"(["/etc/apt/sources.list.d/debian.sources"])",
           "Files that describe the archive, as apt has them (.sources or .list).", not_empty()},
          {"architectures", Type::kStrings, "[]", "Architectures; empty: this machine's."},
          {"mode", Type::kString, "subset",
           "full: the vendor's signed indices byte for byte and all they list. subset: the "
           "packages wanted, under an index signed by the site's key.",
           one_of({"full", "subset"})},
          {"packages", Type::kStrings, "[]",
           "subset: the packages wanted; their dependencies come along."},
          {"source_packages", Type::kBool, "false",
           "Whether source packages come along: of mode full all, of a subset those that its "
           "packages were made from."},
          {"recommends", Type::kBool, "false", "subset: whether recommended packages come along."},
          {"signing_home", Type::kPath, "",
           "subset: the GnuPG home of the site's key; empty: the folder apt beside keys.signing, "
           "where init makes it."},
          {"interval", Type::kDuration, "1h", "Time between polls.", at_least("10s")},
          pattern(),
      });
}

SectionSpec huggingface_section() {
  return repeated(
      "huggingface", "A Hugging Face Hub, and what is wanted of it.",
      {
          {"name", Type::kString, "huggingface", "The source's name in events and on pages.",
           unique()},
          {"hub", Type::kString, required(R"("https://hub.example.org")"), "The hub's address.",
           not_empty()},
          {"interval", Type::kDuration, "10m", "Time between polls.", at_least("10s")},
          {"want", Type::kStrings, "[]",
           "Repositories: \"org/model\", \"datasets/org/name\", \"spaces/org/name\", each with "
           "\"@\" and a branch, tag or commit, or of the branch main. A branch is followed."},
          {"include", Type::kStrings, "[]",
           "Only files that match one of these patterns (*, ?); empty: all."},
          {"exclude", Type::kStrings, "[]", "Files that match one of these are left out."},
          {"token", Type::kPath, "",
           "A file with an access token, for gated and private repositories; read at each poll."},
          pattern(),
          window(),
      });
}

SectionSpec conda_section() {
  return repeated(
      "conda", "A conda channel, and what is wanted of it. No solver is run: patterns choose.",
      {
          {"name", Type::kString, "conda", "The source's name in events and on pages.", unique()},
          {"channel", Type::kString, required(R"("https://conda.example.org/main")"),
           "The channel's address.", not_empty()},
          {"serve_as", Type::kString, "",
           "Its name on the high side: http://HIGH/conda/NAME; empty: the path of its address."},
          {"subdirs", Type::kStrings, R"(["noarch", "linux-64"])",
           "Which of its subdirs, such as \"noarch\", \"linux-64\" and \"win-64\".", not_empty()},
          {"include", Type::kStrings, "[]",
           "Only packages that match one of these patterns (*, ?) of a name, or of a name, a "
           "version and a build: \"numpy\", \"numpy 1.26.*\", \"numpy 1.26.* py311*\"; empty: "
           "all."},
          {"exclude", Type::kStrings, "[]", "Packages that match one of these are left out."},
          {"interval", Type::kDuration, "1h", "Time between polls.", at_least("10s")},
          pattern(),
          window(),
      });
}

SectionSpec files_section() {
  return repeated(
      "files",
      "Plain files: a drop folder, a list of addresses with digests, a publisher's checksum files, "
      "or all of them.",
      {
          {"name", Type::kString, "files", "The source's name in events and on pages.", unique()},
          {"collection", Type::kString, "files",
           "The folder on the high side: http://HIGH/files/COLLECTION.", not_empty()},
          {"folder", Type::kPath, "", "A drop folder; empty: none."},
          {"settle", Type::kDuration, "5s",
           "A file in the drop folder is taken when it has not changed for this long.",
           between("0s", "1d")},
          {"done", Type::kPath, "",
           "Where files of the drop folder go once they are in a shipment, on the same file "
           "system; "
           "empty: they stay."},
          {"list", Type::kPath, "",
           "A file with a line \"SHA256  ADDRESS  [PATH]\" for each file; empty: none."},
          {"checksums", Type::kStrings, "[]",
           "Addresses of checksum files, as sha256sum or sha512sum write them; what they name is "
           "fetched from beside them."},
          {"include", Type::kStrings, "[]",
           "Of what checksum files name, only what matches one of these patterns (*, ?); empty: "
           "all."},
          {"exclude", Type::kStrings, "[]",
           "Of what checksum files name, what matches one of these is left out."},
          {"interval", Type::kDuration, "1m", "Time between polls.", at_least("1s")},
          pattern(),
      });
}

}  // namespace

const config::Table& settings_table() {
  static const config::Table table(
      "sluice-low", {daemon_section(), status_section(), keys_section(), link_section(),
                     spool_section(), fetch_section(), policy_section(), requests_section(),
                     npm_section(), pypi_section(), huggingface_section(), conda_section(),
                     oci_section(), sif_section(), apt_section(), files_section()});
  return table;
}

}  // namespace sluice::low
