#include "highside/daemon/settings_table.h"

#include "common/ecosystem/oci/names.h"

namespace sluice::high {
namespace {

using config::at_least;
using config::between;
using config::checked;
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
          {"state", Type::kPath, "/var/lib/sluice-high",
           "Where the store, the index and what is being put together lie.", not_empty()},
      });
}

SectionSpec status_section() {
  return section("status",
                 "The status page, /status, /events, /metrics, /gaps and /healthz, and the way for "
                 "this program's other commands to reach the daemon.",
                 {
                     {"listen", Type::kString, "127.0.0.1:7080", "Address and port.", not_empty()},
                 });
}

SectionSpec keys_section() {
  return section("keys", "Keys. `sluice-high init` makes this side's.",
                 {
                     {"opening", Type::kPath, required("/etc/sluice/opening.key"),
                      "This side's secret key, to which session keys are sealed.", not_empty()},
                 });
}

SectionSpec stream_section() {
  return repeated("stream", "A low side that is listened to.",
                  {
                      {"name", Type::kString, required("lab-low"),
                       "The stream's name, as its sender has it.", unique()},
                      {"key", Type::kPath, required("/etc/sluice/signing.pub"),
                       "The sender's signing.pub, carried here by hand.", not_empty()},
                  });
}

SectionSpec link_section() {
  return section(
      "link", "The way in from the low side. The socket cannot send.",
      {
          {"listen", Type::kStrings, required(R"(["10.99.0.2:7400"])"),
           "Address and port; one for each lane of the sender.", not_empty()},
          {"interface", Type::kString, "", "The interface to listen on; empty: any."},
          {"receive_buffer", Type::kSize, "64MiB",
           "The kernel's buffer for each lane: what arrives while this program is held up.",
           between("256KiB", "2GiB")},
          {"coalesce", Type::kBool, "true",
           "Let the kernel hand over batches of datagrams (GRO), where it can."},
          {"cpus", Type::kStrings, "[]",
           "Processors for the link's threads, by number, such as [\"2\", \"3\"]: a taker for each "
           "address, then the one that opens, then the one that puts blobs together, and around "
           "again. Empty: the system chooses."},
          {"memory", Type::kSize, "256MiB",
           "For blocks that are being put together: an equal share for each stream and lane. What "
           "a sender needs, `sluice-low check-config` prints.",
           between("1MiB", "1TiB")},
          {"silence", Type::kDuration, "5s", "No heartbeat for this long is an alarm.",
           between("1s", "1d")},
      });
}

SectionSpec store_section() {
  return section(
      "store", "What is being put together, and what is held.",
      {
          {"staging_limit", Type::kSize, "100GB", "Bytes of blobs that may be under way at once.",
           at_least("16MiB")},
          {"blobs_under_way", Type::kInt, "10000", "Blobs that may be under way at once.",
           between("16", "1000000")},
          {"scrub_rate", Type::kSize, "64MiB",
           "Bytes that `sluice-high scrub` has the daemon read in a second.", at_least("64KiB")},
      });
}

SectionSpec catalog_section() {
  return section(
      "catalog", "Editions of what is served, and how long they can be asked for.",
      {
          {"keep_editions_for", Type::kDuration, "400d",
           "An edition can be read by its number (/edition/N/) for so long after the next one was "
           "published; one that has a name (/snapshot/NAME/) as long as the name stands.",
           between("1s", "36500d")},
          {"gc_every", Type::kDuration, "1d",
           "How often what no edition shows any more is freed; 0s: only by `sluice-high gc`.",
           between("0s", "365d")},
      });
}

SectionSpec serve_section() {
  return section(
      "serve", "The registries, for clients.",
      {
          {"listen", Type::kStrings, R"(["0.0.0.0:8080"])", "Addresses and ports.", not_empty()},
          {"tls_certificate", Type::kPath, "", "Certificate chain (PEM); empty: plain HTTP."},
          {"tls_key", Type::kPath, "", "Its key (PEM)."},
          {"tls_authority", Type::kPath, "",
           "The certificates that clients are to believe (PEM), given out at /setup/ca.pem; empty: "
           "they believe tls_certificate already."},
          {"threads", Type::kInt, "4", "Threads that answer.", between("1", "256")},
          {"cache", Type::kSize, "128MiB",
           "Memory for answers that are given again without looking them up; 0: none.",
           between("0B", "1TiB")},
          {"connections", Type::kInt, "2000", "Connections at once; more are turned away.",
           between("1", "100000")},
      });
}

SectionSpec port_section() {
  return repeated(
      "port",
      "A registry at the root of addresses of its own, as some clients and firewalls want it, "
      "beside its path on serve.listen. TLS, threads, cache and connections are as in serve, for "
      "each port again. Images need none: /v2/ is the root that their clients know.",
      {
          {"listen", Type::kStrings, required(R"(["0.0.0.0:4873"])"), "Addresses and ports.",
           not_empty()},
          {"registry", Type::kString, required("npm"), "Which.",
           one_of({"npm", "pypi", "apt", "hf", "conda", "files"})},
      });
}

std::optional<std::string> registry_problem(std::string_view name) {
  const auto checked_name = name.empty() ? Result<void>() : oci::check_registry(name);
  return checked_name ? std::nullopt : std::optional(checked_name.error().cause);
}

SectionSpec oci_section() {
  return section("oci", "Images, at http://HIGH/v2/.",
                 {
                     {"default_namespace", Type::kString, "docker.io",
                      "The registry whose images are meant by names that begin with none, such as "
                      "HIGH/library/nginx; empty: such names are of nothing.",
                      checked(registry_problem, "a registry such as registry.example.org:5000")},
                 });
}

SectionSpec sif_section() {
  return section(
      "sif", "Images in Singularity's format, which are artifacts of /v2/ and files of /sif/.",
      {
          {"keyring", Type::kPath, "",
           "OpenPGP public keys of who may sign such images; empty: signatures are not looked at "
           "here, only on the low side."},
          {"signatures", Type::kString, "verify",
           "With a keyring. verify: what is not signed is let through; a signature that does not "
           "hold, or is by another key, is refused, and its shipment goes to quarantine. require: "
           "what is not signed is refused too. ignore: signatures are not looked at.",
           one_of({"verify", "require", "ignore"})},
      });
}

SectionSpec access_section() {
  return section("access",
                 "Who may use the registries. Tokens are made by `sluice-high token create`.",
                 {
                     {"reads_need_token", Type::kBool, "false",
                      "Let only those read who bring a token, of any role; /setup stays open."},
                 });
}

SectionSpec publish_section() {
  return section(
      "publish", "What the site publishes itself, beside what crosses.",
      {
          {"namespaces", Type::kStrings, "[]",
           "Names that belong to the site, such as [\"pypi:acme-*\", \"npm:@acme/*\", "
           "\"oci:acme/*\", \"files:internal/*\"]. Only under them can be published, and what "
           "comes "
           "from outside under them is refused. With \" immutable\" behind a pattern nothing "
           "under it is ever replaced: \"files:releases/* immutable\"."},
          {"upload_limit", Type::kSize, "100GB", "Bytes of one file that is published.",
           between("1KiB", "4TiB")},
      });
}

SectionSpec retention_section() {
  return repeated(
      "retention",
      "What gc lets go of, of what the site published: parts that no tag needs any more (images; "
      "versions of npm packages; files of a Python project but for its highest release). Of the "
      "rules that a name is like the first counts; without one nothing goes. Past editions and "
      "snapshots show it for as long as they are kept.",
      {
          {"names", Type::kString, required("npm:@acme/*"),
           "An ecosystem and names, as in publish.namespaces.", unique()},
          {"untagged_for", Type::kDuration, "90d",
           "How long gc has seen a part without a tag before it goes.", between("0s", "36500d")},
          {"keep_last", Type::kInt, "0",
           "Of each document the last so many that came to be without a tag stay.",
           between("0", "10000")},
      });
}

SectionSpec apt_section() {
  return repeated("apt", "Which keys are believed for an apt archive.",
                  {
                      {"archive", Type::kString, "debian",
                       "The archive's folder: http://HIGH/apt/ARCHIVE.", unique()},
                      {"keyrings", Type::kPaths, required(R"(["/etc/sluice/site.asc"])"),
                       "Public keys: the vendor's keyring for a full archive, the site's site.asc "
                       "for a subset.",
                       not_empty()},
                  });
}

}  // namespace

const config::Table& settings_table() {
  static const config::Table table(
      "sluice-high",
      {daemon_section(), status_section(), keys_section(), stream_section(), link_section(),
       store_section(), catalog_section(), serve_section(), port_section(), oci_section(),
       sif_section(), access_section(), publish_section(), retention_section(), apt_section()});
  return table;
}

}  // namespace sluice::high
