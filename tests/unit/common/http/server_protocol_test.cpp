// What the server makes of bytes: good requests, bad ones, and those that are cut anywhere.
#include "server_fixture.h"

namespace sluice::http {
namespace {

using observe::Metric;
using testing::HasSubstr;
using testing::StartsWith;

class ProtocolTest : public ServerTest {};

TEST_F(ProtocolTest, AnswersAndKeepsTheConnection) {
  start_echo();
  test::RawHttpClient client(address());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.send("GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n").read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a /a b=c \n");
    EXPECT_THAT(answer.head, HasSubstr("\r\nConnection: keep-alive\r\n"));
    EXPECT_THAT(answer.head, HasSubstr("\r\nDate: "));
  }
  const auto last =
      client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").read_answer();
  EXPECT_THAT(last.head, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(count(Metric::kHttpRequests), 4U);
  EXPECT_EQ(count(Metric::kHttpBadRequests), 0U);
}

TEST_F(ProtocolTest, AnswersPipelinedRequestsInOrder) {
  start_echo();
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nx" +
            std::to_string(i % 10) + "y";
  }
  test::RawHttpClient client(address());
  client.send(many);
  for (int i = 0; i < 100; ++i) {
    const std::string path = "/" + std::to_string(i);
    EXPECT_EQ(client.read_answer().body,
              "POST " + path + " " + path + "  x" + std::to_string(i % 10) + "y\n");
  }
}

TEST_F(ProtocolTest, TakesARequestByteByByte) {
  start_echo();
  test::RawHttpClient client(address());
  for (const char c :
       std::string("\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")) {
    client.send(std::string(1, c));
  }
  EXPECT_EQ(client.read_answer().body, "POST /a /a  hi\n");
}

TEST_F(ProtocolTest, SurvivesARequestCutAnywhere) {
  start_echo();
  const std::string whole =
      "POST /%2f?x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string said = exchange(whole.substr(0, length));
    EXPECT_THAT(said, testing::Not(HasSubstr(" 200 "))) << length;
  }
  EXPECT_THAT(exchange(whole), HasSubstr("POST // /%2f x abc\n"));
}

TEST_F(ProtocolTest, DecodesThePathOnceAndKeepsTheRawOne) {
  start_echo();
  for (const auto& [raw, decoded] :
       std::vector<std::pair<std::string, std::string>>{{"/@s%2fn", "/@s/n"},
                                                        {"/@s%2Fn", "/@s/n"},
                                                        {"/a%252fb", "/a%2fb"},
                                                        {"/g%2b%2b", "/g++"},
                                                        {"/1%3a2", "/1:2"},
                                                        {"/a+b", "/a+b"}}) {
    test::RawHttpClient client(address());
    EXPECT_EQ(client.send("GET " + raw + " HTTP/1.1\r\nHost: h\r\n\r\n").read_answer().body,
              "GET " + decoded + " " + raw + "  \n");
  }
}

TEST_F(ProtocolTest, TakesAbsoluteTargetsAndTheirAuthority) {
  start([](const Request& request) {
    return error_response(200, request.base_url() + request.path);
  });
  const auto ask = [this](const std::string& request) {
    test::RawHttpClient client(address());
    return client.send(request).read_answer().body;
  };
  EXPECT_EQ(ask("GET http://mirror.lab:81/a HTTP/1.1\r\nHost: other\r\n\r\n"),
            "http://mirror.lab:81/a\n");
  EXPECT_EQ(ask("GET /a HTTP/1.1\r\nHost: h.lab:8\r\n\r\n"), "http://h.lab:8/a\n");
  EXPECT_EQ(ask("GET /a HTTP/1.0\r\n\r\n"), "http://" + address() + "/a\n");
}

TEST_F(ProtocolTest, RefusesWhatIsNoRequest) {
  start_echo();
  const std::string host = "Host: h\r\n\r\n";
  const std::vector<std::pair<int, std::string>> table{
      {400, "\x16\x03\x01\x02" + std::string(20, 'x') + "\r\n\r\n"},  // TLS spoken to plain HTTP
      {400, "hello\r\n\r\n"},
      {400, "GET\r\n\r\n"},
      {400, "GET /\r\n\r\n"},  // HTTP/0.9
      {505, "GET / HTTP/2.0\r\n" + host},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nno colon\r\n" + host},
      {400, "GET /%zz HTTP/1.1\r\n" + host},
      {400, "GET /%00 HTTP/1.1\r\n" + host},
      {400, "GET /../a HTTP/1.1\r\n" + host},
      {400, "GET /a/%2e%2e/b HTTP/1.1\r\n" + host},
      {400, "GET /a#b HTTP/1.1\r\n" + host},
      {400, "OPTIONS * HTTP/1.1\r\n" + host},
      {505, "GET /a b HTTP/1.1\r\n" + host},
      {400, "POST / HTTP/1.1\r\nContent-Length: x\r\n" + host},
      {400, "POST / HTTP/1.1\r\nContent-Length: -1\r\n" + host},
      {400, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + host},
      {400, "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + host},
      {400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + host + "zz\r\n"},
      {417, "POST / HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 1\r\n" + host + "x"},
      {501, "CONNECT h:443 HTTP/1.1\r\n" + host},
      {501, "TRACE / HTTP/1.1\r\n" + host},
      {501, "BREW / HTTP/1.1\r\n" + host},
  };
  for (const auto& [status, request] : table) {
    EXPECT_EQ(status_of(request), status) << request;
  }
  EXPECT_EQ(count(Metric::kHttpBadRequests), table.size());
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
}

TEST_F(ProtocolTest, NamesWhatWasWrongAndCloses) {
  start_echo();
  const std::string said = exchange("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_THAT(said, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(said, HasSubstr("request target /%zz: has a percent sign"));
  EXPECT_THAT(said, testing::Not(HasSubstr("200")));
}

TEST_F(ProtocolTest, RefusesHeadersBeyondTheLimit) {
  start_echo();
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  EXPECT_EQ(status_of(request + std::string(8'000, 'x') + "\r\n\r\n"), 200);
  // More than the sockets' buffers hold: the answer must arrive all the same.
  EXPECT_EQ(status_of(request + std::string(200'000, 'x')), 431);
  EXPECT_EQ(status_of("GET /" + std::string(200'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n"), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 20'000; ++i) {
    many += "A: b\r\n";
  }
  EXPECT_EQ(status_of(many + "\r\n"), 431);
}

TEST_F(ProtocolTest, RefusesBodiesBeyondTheLimit) {
  start_echo({.listen = {}, .limits = {.body_bytes = 1000}});
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')), 200);
  EXPECT_EQ(status_of(post + "Content-Length: 1001\r\n\r\n"), 413);  // before it is sent
  EXPECT_EQ(status_of(post + "Content-Length: 99999999999999999\r\n\r\n"), 413);
  EXPECT_EQ(status_of(post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') +
                      "\r\n0\r\n\r\n"),
            413);
}

TEST_F(ProtocolTest, InvitesTheBodyOfAClientThatAsks) {
  start_echo({.listen = {}, .limits = {.body_bytes = 1000}});
  test::RawHttpClient client(address());
  client.send("PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.send("hi").read_answer().body, "PUT /a /a  hi\n");
  // One that is too long is not invited.
  EXPECT_EQ(status_of("PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                      "Content-Length: 1001\r\n\r\n"),
            413);
}

TEST_F(ProtocolTest, HeadHasTheLengthButNoBody) {
  start_echo();
  test::RawHttpClient client(address());
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.head, HasSubstr("Content-Length: 13\r\n"));
  EXPECT_EQ(client.read_answer().body, "GET /b /b  \n");
}

TEST_F(ProtocolTest, A304HasNeitherBodyNorLength) {
  start([](const Request&) { return Response{.status = 304}; });
  test::RawHttpClient client(address());
  client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(head, testing::Not(HasSubstr("Content-Length")));
  EXPECT_EQ(client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").read_answer().status, 304);
}

TEST_F(ProtocolTest, ClosesForOldClientsThatDoNotAskOtherwise) {
  start_echo();
  EXPECT_THAT(exchange("GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
              HasSubstr("Connection: close"));
  test::RawHttpClient client(address());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.read_answer().head, HasSubstr("Connection: keep-alive"));
  EXPECT_EQ(client.send("GET / HTTP/1.0\r\n\r\n").read_answer().status, 200);
}

TEST_F(ProtocolTest, CutsOffSlowClients) {
  using std::chrono::milliseconds;
  start_echo({.listen = {},
              .limits = {.idle_time = milliseconds(100),
                         .header_time = milliseconds(100),
                         .body_time = milliseconds(100)}});
  EXPECT_EQ(test::RawHttpClient(address()).read_all(), "");  // never asks
  test::RawHttpClient header(address());
  EXPECT_THAT(header.send("GET / HT").read_all(), StartsWith("HTTP/1.1 408 "));
  test::RawHttpClient body(address());
  EXPECT_THAT(body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc").read_all(),
              StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(count(Metric::kHttpBadRequests), 2U);
}

}  // namespace
}  // namespace sluice::http
