// The same server over TLS.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fstream>

#include "common/http/certificates.h"
#include "common/http/endpoint.h"
#include "server_fixture.h"
#include "tests/support/temporary_folder.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using testing::HasSubstr;

// Writes a key and a certificate that it signs itself.
void write_certificate(const std::string& certificate_file, const std::string& key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("mirror.lab"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  ASSERT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  FILE* file = std::fopen(certificate_file.c_str(), "w");
  ASSERT_NE(file, nullptr);
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  ASSERT_NE(file, nullptr);
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class BigSource final : public BodySource {
 public:
  std::uint64_t size() const override { return 2'000'000; }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    for (std::uint8_t& byte : into) {
      byte = static_cast<std::uint8_t>(offset++ % 251);
    }
    return {};
  }
};

class TlsTest : public ServerTest {
 protected:
  void SetUp() override {
    certificate_ = (folder_.path() / "server.pem").string();
    key_ = (folder_.path() / "server.key").string();
    write_certificate(certificate_, key_);
  }

  test::TemporaryFolder folder_;
  std::string certificate_;
  std::string key_;
};

TEST_F(TlsTest, AnswersSeveralRequestsOfOneConnection) {
  start(
      [](const Request& request) {
        if (request.path == "/big") {
          return Response{.body = SourceRange{std::make_shared<BigSource>(), 0, 2'000'000}};
        }
        return error_response(200, request.base_url());
      },
      {.listen = {}, .certificate = certificate_, .private_key = key_});

  asio::io_context io;
  asio::ssl::context trust(asio::ssl::context::tls_client);
  trust.load_verify_file(certificate_);
  asio::ssl::stream<asio::ip::tcp::socket> stream(io, trust);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.next_layer().connect(parse_endpoint(address()).value());
  stream.handshake(asio::ssl::stream_base::client);
  beast::flat_buffer buffer;
  const auto ask = [&](const std::string& path) {
    asio::write(stream, asio::buffer("GET " + path + " HTTP/1.1\r\nHost: mirror.lab:8443\r\n\r\n"));
    beast::http::response<beast::http::string_body> response;
    beast::http::read(stream, buffer, response);
    return response.body();
  };
  EXPECT_EQ(ask("/"), "https://mirror.lab:8443\n");
  const std::string big = ask("/big");
  ASSERT_EQ(big.size(), 2'000'000U);
  for (std::size_t i = 0; i < big.size(); i += 9973) {
    EXPECT_EQ(static_cast<std::uint8_t>(big[i]), i % 251);
  }
  EXPECT_EQ(ask("/"), "https://mirror.lab:8443\n");
}

TEST_F(TlsTest, CountsClientsThatSpeakPlainHttp) {
  start_echo({.listen = {}, .certificate = certificate_, .private_key = key_});
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), testing::Not(HasSubstr("HTTP/1.1")));
  EXPECT_EQ(count(observe::Metric::kHttpBadRequests), 1U);
}

TEST_F(TlsTest, NamesTheFileThatCannotBeUsed) {
  const auto refused = [this](const std::string& certificate, const std::string& key) {
    const auto server =
        Server::start({.listen = {"127.0.0.1:0"}, .certificate = certificate, .private_key = key},
                      {}, counters_, events_);
    return server ? std::string() : server.error().message();
  };
  EXPECT_THAT(refused("/gone.pem", key_), HasSubstr("/gone.pem: "));
  EXPECT_THAT(refused(certificate_, "/gone.key"), HasSubstr("/gone.key: "));
  const std::string other = (folder_.path() / "other.key").string();
  write_certificate((folder_.path() / "other.pem").string(), other);
  EXPECT_THAT(refused(certificate_, other), HasSubstr("other.key: "));
}

TEST_F(TlsTest, CertificatesAreShownWithoutTheKeyBesideThem) {
  const auto read = [](const std::string& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string both = (folder_.path() / "both.pem").string();
  std::ofstream(both) << read(key_) << read(certificate_) << read(certificate_);
  const auto shown = read_certificates(both);
  ASSERT_TRUE(shown) << shown.error().message();
  EXPECT_EQ(*shown, read(certificate_) + read(certificate_));
}

TEST_F(TlsTest, WhatHoldsNoCertificateIsRefusedByName) {
  const std::string cut = (folder_.path() / "cut.pem").string();
  std::ofstream(cut) << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  for (const std::string& file : {key_, cut, std::string("/dev/null")}) {
    const auto shown = read_certificates(file);
    ASSERT_FALSE(shown) << file;
    EXPECT_EQ(shown.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(shown.error().message(), HasSubstr(file));
  }
  EXPECT_EQ(read_certificates(folder_.path() / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sluice::http
