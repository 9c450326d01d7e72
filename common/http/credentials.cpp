#include "common/http/credentials.h"

#include <openssl/crypto.h>

namespace sluice::http {

Credentials::~Credentials() { OPENSSL_cleanse(value_.data(), value_.size()); }

}  // namespace sluice::http
