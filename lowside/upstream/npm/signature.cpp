#include "lowside/upstream/npm/signature.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <boost/json.hpp>

#include "common/base/text.h"
#include "lowside/upstream/npm/json_member.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// The registry's list has one or two; a key is 91 bytes.
constexpr std::size_t kMaxKeys = 64;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeKey>;

// base64 of a SubjectPublicKeyInfo of P-256; null for anything else.
KeyHandle read_key(std::string_view text) {
  const auto der = base64_decode(text);
  if (!der) {
    return nullptr;
  }
  const unsigned char* at = der->data();
  KeyHandle key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
  std::array<char, 32> group{};
  std::size_t length = 0;
  const bool is_p256 =
      key && EVP_PKEY_is_a(key.get(), "EC") == 1 &&
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &length) == 1 &&
      std::string_view(group.data(), length) == "prime256v1";
  return is_p256 ? std::move(key) : nullptr;
}

bool is_signed_by(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const auto der = base64_decode(signature);
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  const ByteView bytes = as_bytes(message);
  return der && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), der->data(), der->size(), bytes.data(), bytes.size()) == 1;
}

}  // namespace

struct NpmKeys::Key {
  KeyHandle key;
  std::optional<UtcTime> expires;
};

NpmKeys::NpmKeys() = default;
NpmKeys::NpmKeys(NpmKeys&&) noexcept = default;
NpmKeys& NpmKeys::operator=(NpmKeys&&) noexcept = default;
NpmKeys::~NpmKeys() = default;

Result<NpmKeys> NpmKeys::read(const std::string& uri, std::string_view body) {
  const auto garbage = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, uri,
                 "the registry's keys cannot be read: " + std::move(cause),
                 "check that this address is an npm registry"};
  };
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), failure);
  const auto* object = failure ? nullptr : value.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("keys");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kMaxKeys) {
    return garbage("no list of keys");
  }
  NpmKeys keys;
  for (const auto& item : list->get_array()) {
    const auto* entry = item.if_object();
    if (entry == nullptr || text_of(*entry, "scheme") != "ecdsa-sha2-nistp256") {
      continue;
    }
    Key key{read_key(text_of(*entry, "key")), std::nullopt};
    if (const std::string expires = text_of(*entry, "expires"); !expires.empty()) {
      key.expires = read_rfc3339(expires);
      if (!key.expires) {
        return garbage("\"" + expires + "\" is not a time");
      }
    }
    if (key.key) {
      keys.keys_.insert_or_assign(text_of(*entry, "keyid"), std::move(key));
    }
  }
  if (keys.keys_.empty()) {
    return garbage("none is of the scheme ecdsa-sha2-nistp256");
  }
  return keys;
}

Result<std::string> NpmKeys::verify(const std::string& name, const std::string& version,
                                    const NpmManifest& manifest, std::string_view published) const {
  const auto refused = [&](std::string cause) {
    return Error{ErrorCode::kIntegrity, name + "@" + version, std::move(cause),
                 "do not use this version; report it to the registry's owner"};
  };
  const std::string message = name + "@" + version + ":" + manifest.integrity;
  std::string signer;
  for (const NpmSignature& signature : manifest.signatures) {
    const auto found = keys_.find(signature.key_id);
    if (found == keys_.end()) {
      continue;
    }
    const Key& key = found->second;
    const auto time = read_rfc3339(published);
    if (key.expires && (!time || *time >= *key.expires)) {
      return refused("it was signed with " + signature.key_id + " after that key had expired");
    }
    if (!is_signed_by(key.key.get(), message, signature.signature)) {
      return refused("the registry's signature by " + signature.key_id + " does not hold");
    }
    signer = signature.key_id;
  }
  if (signer.empty()) {
    return refused(manifest.signatures.empty()
                       ? "it has no signature, and the registry lists signing keys"
                       : "none of its signatures is by a key that the registry lists");
  }
  return signer;
}

}  // namespace sluice::low
