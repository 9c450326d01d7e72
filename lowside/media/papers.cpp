#include "lowside/media/papers.h"

#include "common/base/html.h"
#include "common/base/text.h"

namespace sluice::low {
namespace {

// Of people; each signs with a date.
constexpr std::array kRoles{"Origin (who exported)",     "Sponsor (who asked for it)",
                            "Verifier (who checked it)", "Courier",
                            "Received on the high side", "Destruction or wipe"};

struct Row {
  std::string name;
  std::string value;
};

std::vector<Row> facts(const media::VolumeManifest& manifest) {
  std::uint64_t bytes = 0;
  for (const media::VolumeLine& line : manifest.volumes) {
    bytes += line.bytes;
  }
  std::vector<Row> rows{
      {"Bundle", media::bundle_name(manifest.stream, manifest.bundle)},
      {"Stream", manifest.stream},
      {"Exported", manifest.timestamp + " by " + manifest.origin_user},
      {"Shipments", manifest.shipments},
      {"Volumes", std::to_string(manifest.volumes.size()) + ", " + human_size(bytes)},
      {"Sender's key", manifest.sender}};
  if (!manifest.stands_on.empty()) {
    rows.push_back({"Needs shipments", manifest.stands_on + " (not in this bundle)"});
  }
  if (!manifest.reason.empty()) {
    rows.push_back({"Reason", manifest.reason});
  }
  for (const std::string& receiver : manifest.receivers) {
    rows.push_back({"Can be opened by", receiver});
  }
  return rows;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// What a terminal or a printer would take for something else is left out.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out;
}

constexpr std::string_view kHowToCheck =
    "minisign -V -p SENDER.pub -m transfer_manifest.json && sha256sum -c SHA256SUMS";

}  // namespace

std::string sheet_text(const media::VolumeManifest& manifest) {
  std::string text = "TRANSFER SHEET\n==============\n\n";
  for (const Row& row : facts(manifest)) {
    text += padded(row.name, 18) + printable(row.value) + "\n";
  }
  text += "\nVolume  Size        Shipments       SHA-256 of its file SHA256SUMS\n";
  for (const media::VolumeLine& line : manifest.volumes) {
    text += padded(std::to_string(line.volume), 8) + padded(human_size(line.bytes), 12) +
            padded(line.shipments, 15) + " " + line.sums.hex() + "\n";
  }
  text += "\nCheck a volume without Sluice:\n  " + std::string(kHowToCheck) + "\n\n";
  for (const char* role : kRoles) {
    text += padded(role, 28) +
            "name ____________________  date __________  signature "
            "____________________\n\n";
  }
  return text;
}

std::string sheet_html(const media::VolumeManifest& manifest) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Transfer sheet "
      "</title>\n<style>body{font:11pt sans-serif;margin:2em}table{border-collapse:collapse;"
      "width:100%;margin:1em 0}td,th{border:1px solid #999;padding:.3em .5em;text-align:left;"
      "vertical-align:top}code{font-size:8pt;word-break:break-all}.blank td{height:2.2em}</style>"
      "</head>\n<body><h1>Transfer sheet</h1>\n<table>\n";
  for (const Row& row : facts(manifest)) {
    html += "<tr><th>" + html_escape(row.name) + "</th><td>" + html_escape(printable(row.value)) +
            "</td></tr>\n";
  }
  html +=
      "</table>\n<table>\n<tr><th>Volume</th><th>Size</th><th>Shipments</th><th>SHA-256 of its "
      "file SHA256SUMS</th></tr>\n";
  for (const media::VolumeLine& line : manifest.volumes) {
    html += "<tr><td>" + std::to_string(line.volume) + "</td><td>" + human_size(line.bytes) +
            "</td><td>" + html_escape(line.shipments) + "</td><td><code>" + line.sums.hex() +
            "</code></td></tr>\n";
  }
  html += "</table>\n<p>Check a volume without Sluice: <code>" + html_escape(kHowToCheck) +
          "</code></p>\n<table class=\"blank\">\n<tr><th>Role</th><th>Name</th><th>Date</th>"
          "<th>Signature</th></tr>\n";
  for (const char* role : kRoles) {
    html += "<tr><td>" + html_escape(role) + "</td><td></td><td></td><td></td></tr>\n";
  }
  return html + "</table>\n</body></html>\n";
}

}  // namespace sluice::low
