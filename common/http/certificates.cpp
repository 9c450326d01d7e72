#include "common/http/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "common/base/file_system.h"

namespace sluice::http {
namespace {

// Debian's own bundle of all authorities has 220 KiB.
constexpr std::uint64_t kMaxCertificatesBytes = std::uint64_t{1} << 20;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

Error unusable(const std::filesystem::path& file, std::string cause) {
  return {ErrorCode::kInvalid, file.string(), std::move(cause), "give certificates in PEM"};
}

}  // namespace

Result<std::string> read_certificates(const std::filesystem::path& file) {
  SLUICE_TRY(const Bytes bytes, read_file(posix_file_system(), file, kMaxCertificatesBytes));
  const std::unique_ptr<BIO, Free> in(
      BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  const std::unique_ptr<BIO, Free> out(BIO_new(BIO_s_mem()));
  bool any = false;
  while (const auto certificate =
             std::unique_ptr<X509, Free>(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr))) {
    any = PEM_write_bio_X509(out.get(), certificate.get()) == 1;
  }
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!any || !ended) {
    return unusable(file,
                    any ? "a certificate in it cannot be read" : "there is no certificate in it");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace sluice::http
