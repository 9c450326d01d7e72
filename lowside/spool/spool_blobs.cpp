// take() and held(): blobs on their way into shipments.
#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/store/blob_keys.h"
#include "lowside/pipeline/media_type.h"
#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"

namespace sluice::low {
namespace {

using store::Batch;
using store::Family;

// Where bytes came from, without what only the low side may know: a user's name and password, and a
// query, which may be a signed permission.
std::string public_origin(const std::string& uri) {
  const auto parsed = boost::urls::parse_uri(uri);
  if (!parsed) {
    return "";
  }
  boost::urls::url origin(*parsed);
  origin.remove_userinfo().remove_query().remove_fragment();
  return std::string(origin.buffer());
}

void add_evidence(proto::Blob& blob, const std::vector<Evidence>& evidence) {
  for (const Evidence& one : evidence) {
    proto::Evidence& added = *blob.add_evidence();
    added.set_kind(one.kind);
    added.set_detail(one.detail);
  }
}

bool has_alias(const proto::Blob& blob, const proto::Alias& alias) {
  return std::ranges::any_of(blob.aliases(), [&](const proto::Alias& known) {
    return known.algorithm() == alias.algorithm() && known.digest() == alias.digest();
  });
}

store::BlobInfo info_of(const std::vector<Digest>& digests, std::uint64_t size) {
  SLUICE_ASSERT(!digests.empty());
  const auto sha256 = digests.front().as_sha256();
  SLUICE_ASSERT(sha256.has_value());
  return {*sha256, size, {digests.begin() + 1, digests.end()}};
}

}  // namespace

Result<proto::Blob> Spool::take(const AdmittedFile& file) {
  const FetchedFile& fetched = file.fetched();
  proto::Blob description;
  description.set_name(fetched.request().name);
  description.set_origin(public_origin(fetched.request().uri));
  add_evidence(description, file.inspected().verified().evidence());
  add_evidence(description, {{std::string(kMediaTypeEvidence), file.inspected().media_type()}});
  // Not a file of a drop folder, which has a scheme of its own.
  const std::string& uri = fetched.request().uri;
  return take({info_of(fetched.digests(), fetched.size()), fetched.path()}, std::move(description),
              uri.starts_with("http") ? uri : std::string());
}

Result<proto::Blob> Spool::take_made(const std::string& name, std::string_view bytes,
                                     const std::vector<DigestAlgorithm>& aliases,
                                     const std::vector<Evidence>& evidence) {
  MultiHasher hasher(aliases, bytes.size());
  hasher.update(as_bytes(bytes));
  proto::Blob description;
  description.set_name(name);
  add_evidence(description, evidence);
  SLUICE_TRY(store::NewBlob content, stage(bytes, info_of(hasher.finish(), bytes.size())));
  return take(std::move(content), std::move(description));
}

Result<store::NewBlob> Spool::stage(std::string_view bytes, store::BlobInfo info) {
  const ByteView view = as_bytes(bytes);
  if (view.size() <= limits::kInlineBlobBytes) {
    return store::NewBlob{std::move(info), Bytes(view.begin(), view.end())};
  }
  const StagingPath path = parts_.blobs.new_staging_path();
  auto file = parts_.files.open_for_writing(path.value());
  if (!file) {
    return disk_full(std::move(file).error());
  }
  if (auto written = (*file)->write_at(0, view); !written) {
    static_cast<void>(parts_.files.remove(path.value()));
    return disk_full(std::move(written).error());
  }
  return store::NewBlob{std::move(info), path};
}

Result<proto::Blob> Spool::take(store::NewBlob content, proto::Blob description,
                                const std::string& uri) {
  SLUICE_TRY_VOID(has_room());
  const Sha256Digest digest = content.info.digest;
  description.set_sha256(std::string(as_text(digest.bytes())));
  description.set_size(content.info.size);
  for (const Digest& alias : content.info.aliases) {
    *description.add_aliases() = store::to_proto(alias);
  }
  const std::string key = spool_keys::held_blob(digest);
  const auto one_at_a_time = taking_.lock({key});
  const UtcTime now = parts_.clock.utc_now();
  std::unique_lock lock(mutex_);
  asked_for_[digest] = now;
  SLUICE_TRY(auto held, read_stored<proto::SpooledBlob>(parts_.index, Family::kShipments, key));
  Batch along;
  if (!held) {
    held.emplace();
    *held->mutable_blob() = std::move(description);
    held->set_taken_micros(to_unix_micros(now));
    held->set_uri(uri);
    along.put(Family::kShipments, key, held->SerializeAsString());
    lock.unlock();  // nobody else writes this key: taking_ and asked_for_ see to that
  } else {
    SLUICE_TRY_VOID(add_aliases(*held, description, digest, along));
    if (along.empty()) {
      lock.unlock();
    }
  }
  std::vector<store::NewBlob> blobs;
  blobs.push_back(std::move(content));
  if (auto committed = parts_.blobs.commit(blobs, along); !committed) {
    return disk_full(std::move(committed).error());
  }
  parts_.counters.set(observe::Metric::kSpoolBytes, parts_.blobs.usage().bytes);
  return held->blob();
}

// New names of a blob have to cross too: if a shipment carries it already, the next one that names
// it carries it again.
Result<void> Spool::add_aliases(proto::SpooledBlob& held, const proto::Blob& again,
                                const Sha256Digest& digest, Batch& batch) const {
  bool changed = false;
  for (const proto::Alias& alias : again.aliases()) {
    if (!has_alias(held.blob(), alias)) {
      *held.mutable_blob()->add_aliases() = alias;
      changed = true;
    }
  }
  if (!changed) {
    return {};
  }
  batch.put(Family::kShipments, spool_keys::held_blob(digest), held.SerializeAsString());
  SLUICE_TRY(auto carrier, read_stored<proto::SpooledCarrier>(parts_.index, Family::kShipments,
                                                              spool_keys::carrier(digest)));
  if (carrier) {
    carrier->set_again(true);
    batch.put(Family::kShipments, spool_keys::carrier(digest), carrier->SerializeAsString());
  }
  return {};
}

Result<std::optional<proto::Blob>> Spool::held(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto sha256, parts_.blobs.resolve(digest));
  if (!sha256) {
    return std::optional<proto::Blob>();
  }
  SLUICE_TRY(auto held, read_stored<proto::SpooledBlob>(parts_.index, Family::kShipments,
                                                        spool_keys::held_blob(*sha256)));
  if (!held) {
    return std::optional<proto::Blob>();
  }
  asked_for_[*sha256] = parts_.clock.utc_now();
  return std::optional(std::move(*held->mutable_blob()));
}

}  // namespace sluice::low
