#include "common/ecosystem/sif/signature.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/gpg_verify.h"

namespace sluice::sif {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxSignatures = 64;  // of one image: each costs a run of gpgv
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kFingerprintBytes = 20;
constexpr std::size_t kEntityOffset = 4;  // in a signature's extra, behind the hash's type
constexpr std::string_view kClearSigned = "-----BEGIN PGP SIGNED MESSAGE-----";
constexpr std::string_view kLegacy = "\nSIFHASH:\n";

Error invalid(const std::string& thing, std::string cause) {
  return {ErrorCode::kInvalid, thing, std::move(cause), "sign the image again"};
}

std::optional<Digest> digest_from(const json::value* value) {
  if (value == nullptr || !value->is_string()) {
    return std::nullopt;
  }
  const std::string_view text = value->get_string();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto algorithm = digest_algorithm_from(text.substr(0, colon));
  const bool is_strong =
      algorithm == DigestAlgorithm::kSha256 || algorithm == DigestAlgorithm::kSha512;
  return is_strong ? Digest::from_hex(*algorithm, text.substr(colon + 1)) : std::nullopt;
}

std::optional<SignedObject> object_from(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* id = object == nullptr ? nullptr : object->if_contains("relativeId");
  if (id == nullptr || !id->is_int64() || id->get_int64() < 0 ||
      id->get_int64() > std::int64_t{UINT32_MAX}) {
    return std::nullopt;
  }
  auto descriptor = digest_from(object->if_contains("descriptorDigest"));
  auto bytes = digest_from(object->if_contains("objectDigest"));
  if (!descriptor || !bytes) {
    return std::nullopt;
  }
  return SignedObject{static_cast<std::uint32_t>(id->get_int64()), *descriptor, *bytes};
}

Judgement bad(std::string cause) { return {Verdict::kBad, std::move(cause)}; }

class Judge {
 public:
  Judge(const std::string& thing, const Image& image, const Source& source, ByteView keyring,
        const std::stop_token& stop)
      : thing_(thing), image_(image), source_(source), keyring_(keyring), stop_(stop) {}

  Result<Judgement> judge() {
    std::size_t signatures = 0;
    bool all_are_grouped = true;
    for (const Object& object : image_.objects) {
      if (object.type == kSignature) {
        ++signatures;
      } else if (object.group == 0) {
        all_are_grouped = false;
      }
      if (object.group != 0) {
        groups_[object.group].push_back(&object);
      }
    }
    if (signatures == 0 || groups_.empty()) {
      return Judgement{Verdict::kUnsigned, "it has no signature"};
    }
    if (signatures > kMaxSignatures) {
      return bad("it has more than " + std::to_string(kMaxSignatures) + " signatures");
    }
    Judgement worst{Verdict::kGood, ""};
    for (const auto& [group, objects] : groups_) {
      SLUICE_TRY(Judgement judged, judge_group(group, objects));
      if (judged.verdict == Verdict::kBad) {
        return judged;
      }
      worst = worse(std::move(worst), std::move(judged));
    }
    if (worst.verdict == Verdict::kGood && !all_are_grouped) {
      return Judgement{Verdict::kUnsigned,
                       "an object of it is in no group, so that none covers it"};
    }
    if (worst.verdict == Verdict::kGood) {
      for (const std::string& one : fingerprints_) {
        worst.detail += (worst.detail.empty() ? "" : " ") + one;
      }
    }
    return worst;
  }

 private:
  using Objects = std::vector<const Object*>;

  // What has no signature at all may be let through, what has a foreign one may not: that counts
  // only where every group has some.
  static Judgement worse(Judgement a, Judgement b) {
    const auto rank = [](const Judgement& one) {
      return one.verdict == Verdict::kGood ? 0 : one.verdict == Verdict::kUnknownKey ? 1 : 2;
    };
    return rank(a) >= rank(b) ? std::move(a) : std::move(b);
  }

  Result<Judgement> judge_group(std::uint32_t group, const Objects& objects) {
    const std::string name = "its group " + std::to_string(group);
    Judgement judged{Verdict::kUnsigned, name + " is not signed"};
    bool is_good = false;
    for (const Object& signature : image_.objects) {
      if (signature.type != kSignature || !signature.links_group || signature.link != group) {
        continue;
      }
      SLUICE_TRY(Judgement one, judge_signature(signature, objects));
      if (one.verdict == Verdict::kBad) {
        return one;
      }
      is_good = is_good || one.verdict == Verdict::kGood;
      if (one.verdict != Verdict::kUnsigned || judged.verdict == Verdict::kUnsigned) {
        judged = std::move(one);
      }
    }
    return is_good ? Judgement{Verdict::kGood, ""} : judged;
  }

  Result<Judgement> judge_signature(const Object& signature, const Objects& objects) {
    const std::string name = "its signature " + std::to_string(signature.id);
    if (signature.size > kMaxSignatureBytes) {
      return bad(name + " has more than 1 MiB");
    }
    Bytes bytes(signature.size);
    SLUICE_TRY_VOID(source_.read_at(signature.offset, bytes));
    const std::string_view text = as_text(bytes);
    if (!text.starts_with(kClearSigned) || text.find(kLegacy) != std::string_view::npos) {
      return Judgement{Verdict::kUnsigned,
                       name +
                           " is of a kind that says nothing here: only OpenPGP in the manner of "
                           "Singularity 3.6 and later counts"};
    }
    const auto judged = apt::judge_clear_signed(thing_, text, keyring_, stop_);
    if (!judged && judged.error().code == ErrorCode::kIntegrity) {
      return bad(name + " " + judged.error().cause);
    }
    if (!judged) {
      return judged.error();
    }
    if (judged->verdict == apt::SignatureVerdict::kUnknownKey) {
      return Judgement{Verdict::kUnknownKey, name + " " + judged->cause};
    }
    if (judged->verdict != apt::SignatureVerdict::kGood) {
      return bad(name + " " + judged->cause);
    }
    const std::string& fingerprint = judged->signed_text.fingerprint;
    if (!names_signer(signature, fingerprint)) {
      return bad(name + " is by another key than its descriptor says");
    }
    const auto digests = read_signed_digests(thing_, judged->signed_text.text);
    if (!digests) {
      return bad(name + ": " + digests.error().cause);
    }
    SLUICE_TRY(Judgement held, hold(name, *digests, objects));
    if (held.verdict == Verdict::kGood) {
      fingerprints_.insert(fingerprint);
    }
    return held;
  }

  // All zero: the descriptor says nobody.
  static bool names_signer(const Object& signature, const std::string& fingerprint) {
    const ByteView named = ByteView(signature.extra).subspan(kEntityOffset, kFingerprintBytes);
    const auto signer = hex_decode(fingerprint);
    return std::ranges::all_of(named, [](std::uint8_t byte) { return byte == 0; }) ||
           (signer && std::ranges::equal(*signer, named));
  }

  // The digests against the file. They must be of the group's objects, all of them and no others.
  Result<Judgement> hold(const std::string& name, const SignedDigests& digests,
                         const Objects& objects) {
    if (hash(digests.header.algorithm(), image_.signed_header) != digests.header) {
      return bad("its header is not what " + name + " covers");
    }
    std::uint32_t least = UINT32_MAX;
    for (const Object* object : objects) {
      least = std::min(least, object->id);
    }
    std::map<std::uint32_t, const SignedObject*> by_id;
    for (const SignedObject& object : digests.objects) {
      by_id.emplace(object.relative_id, &object);
    }
    if (by_id.size() != objects.size() || by_id.size() != digests.objects.size()) {
      return bad(name + " covers other objects than its group has");
    }
    for (const Object* object : objects) {
      const std::uint32_t relative = object->id - least;
      const auto covered = by_id.find(relative);
      if (covered == by_id.end()) {
        return bad(name + " does not cover object " + std::to_string(object->id));
      }
      const std::string what = "object " + std::to_string(object->id);
      if (descriptor_digest(*object, relative, covered->second->descriptor.algorithm()) !=
          covered->second->descriptor) {
        return bad("the descriptor of " + what + " is not what " + name + " covers");
      }
      SLUICE_TRY(const Digest computed,
                 object_digest(*object, covered->second->object.algorithm()));
      if (computed != covered->second->object) {
        return bad(what + " is not what " + name + " covers");
      }
    }
    return Judgement{Verdict::kGood, ""};
  }

  static Digest descriptor_digest(const Object& object, std::uint32_t relative,
                                  DigestAlgorithm algorithm) {
    Bytes bytes = object.signed_head;
    ByteWriter writer(bytes);
    writer.u32(relative);
    writer.bytes(object.signed_tail);
    return hash(algorithm, bytes);
  }

  // Once for each object, however many signatures cover it.
  Result<Digest> object_digest(const Object& object, DigestAlgorithm algorithm) {
    const std::pair key(object.id, algorithm);
    if (const auto known = digests_.find(key); known != digests_.end()) {
      return known->second;
    }
    Hasher hasher(algorithm);
    Bytes buffer(std::min<std::uint64_t>(object.size, kReadBytes));
    for (std::uint64_t done = 0; done < object.size;) {
      if (stop_.stop_requested()) {
        return Error{ErrorCode::kCancelled, thing_, "the program is stopping", ""};
      }
      const auto piece =
          MutableByteView(buffer).first(std::min<std::uint64_t>(buffer.size(), object.size - done));
      SLUICE_TRY_VOID(source_.read_at(object.offset + done, piece));
      hasher.update(piece);
      done += piece.size();
    }
    return digests_.emplace(key, hasher.finish()).first->second;
  }

  const std::string& thing_;
  const Image& image_;
  const Source& source_;
  const ByteView keyring_;
  const std::stop_token& stop_;
  std::map<std::uint32_t, Objects> groups_;
  std::map<std::pair<std::uint32_t, DigestAlgorithm>, Digest> digests_;
  std::set<std::string> fingerprints_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "good";
    case Verdict::kUnsigned:
      return "unsigned";
    case Verdict::kUnknownKey:
      return "unknown-key";
    case Verdict::kBad:
      break;
  }
  return "bad";
}

Result<SignedDigests> read_signed_digests(const std::string& thing, std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  const json::object* object = failure ? nullptr : value.if_object();
  const json::value* version = object == nullptr ? nullptr : object->if_contains("version");
  if (version == nullptr || *version != 1) {
    return invalid(thing, "what is signed is no JSON of version 1");
  }
  const json::value* header = object->if_contains("header");
  const json::object* header_object = header == nullptr ? nullptr : header->if_object();
  const auto header_digest =
      digest_from(header_object == nullptr ? nullptr : header_object->if_contains("digest"));
  const json::value* objects = object->if_contains("objects");
  const json::array* list = objects == nullptr ? nullptr : objects->if_array();
  if (!header_digest || list == nullptr || list->size() > kMaxDescriptors) {
    return invalid(thing, "what is signed has no digest of the header, or no list of objects");
  }
  SignedDigests digests{*header_digest, {}};
  for (const json::value& one : *list) {
    auto read = object_from(one);
    if (!read) {
      return invalid(thing, "what is signed has an object without its number and two digests");
    }
    digests.objects.push_back(*std::move(read));
  }
  return digests;
}

Result<Judgement> judge_signatures(const std::string& thing, const Image& image,
                                   const Source& source, ByteView keyring,
                                   const std::stop_token& stop) {
  return Judge(thing, image, source, keyring, stop).judge();
}

}  // namespace sluice::sif
