#include "common/service/endpoints.h"

#include "common/http/content.h"
#include "common/observe/prometheus.h"
#include "common/service/event_stream.h"
#include "common/service/page.h"

namespace sluice::service {
namespace {

using http::Request;
using http::Response;

// Answers GET and HEAD of exactly this path; whatever it answers changes by the second.
http::Handler live(std::string path, http::Handler handler) {
  return [path = std::move(path), handler = std::move(handler)](const Request& request) {
    if (request.path != path) {
      return http::error_response(404, request.path + ": nothing is served under this path");
    }
    if (request.method != "GET" && request.method != "HEAD") {
      Response refusal =
          http::error_response(405, request.method + ": only GET and HEAD are answered");
      refusal.headers.emplace("Allow", "GET, HEAD");
      return refusal;
    }
    Response response = handler(request);
    response.headers.emplace("Cache-Control", "no-store");
    return response;
  };
}

Response events(observe::EventLog& log, const Request& request) {
  const std::uint64_t after = first_after(log, request.header("Last-Event-ID"), request.query);
  return {.status = 200,
          .headers = {{"Content-Type", "text/event-stream"}},
          .body = std::make_shared<EventStream>(log, after)};
}

Response page(const std::string& html) {
  return {.status = 200,
          .headers = {{"Content-Type", "text/html; charset=utf-8"},
                      // Even if a name from outside became markup, it could load and send nothing.
                      {"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                       "connect-src 'self'"}},
          .body = html};
}

}  // namespace

void mount_endpoints(http::Router& router, Endpoints endpoints) {
  observe::EventLog& log = endpoints.log;
  const observe::Counters& counters = endpoints.counters;
  router.mount("/status", live("/status", [status = std::move(endpoints.status)](const Request&) {
                 return http::json_response(status());
               }));
  router.mount("/events",
               live("/events", [&log](const Request& request) { return events(log, request); }));
  router.mount("/metrics", live("/metrics", [&counters](const Request&) {
                 return Response{
                     .status = 200,
                     .headers = {{"Content-Type", std::string(observe::kPrometheusMediaType)}},
                     .body = observe::to_prometheus(counters)};
               }));
  router.mount(
      "/healthz", live("/healthz", [trouble = std::move(endpoints.trouble)](const Request&) {
        const auto reason = trouble();
        return reason ? http::error_response(503, *reason) : http::error_response(200, "well");
      }));
  router.mount("/", live("/", [html = status_page(endpoints.program)](const Request&) {
                 return page(html);
               }));
}

}  // namespace sluice::service
