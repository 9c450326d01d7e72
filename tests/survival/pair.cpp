#include "tests/survival/pair.h"

#include "common/store/disk_blob_store.h"
#include "sluice/file.pb.h"

namespace sluice::survival {
namespace {

using std::chrono::milliseconds;

// Until nothing more of the link's is under way: heartbeats, the grace of lost blocks.
constexpr std::chrono::seconds kSettled{4};

Bytes read_body(const http::Body& body) {
  if (const auto* const text = std::get_if<std::string>(&body)) {
    return {text->begin(), text->end()};
  }
  const auto* const range = std::get_if<http::SourceRange>(&body);
  Bytes bytes(range == nullptr ? 0 : range->length);
  return range != nullptr && range->source->read_at(range->offset, bytes) ? bytes : Bytes();
}

http::Response get(const high::FilesMirror& mirror, const std::string& document) {
  http::Request request;
  request.method = "GET";
  request.path = request.raw_path = request.target = "/files/" + document;
  return mirror.handle(request);
}

}  // namespace

struct Pair::LaneSink final : link::DatagramSink {
  LaneSink(Pair& of) : pair(of) {}

  Result<void> send(ByteView bytes, std::size_t datagram_bytes) override {
    if (fails) {
      return Error{ErrorCode::kUnavailable, "lane", "the network is down", "plug it in"};
    }
    sent += bytes.size();
    for (std::size_t at = 0; pair.settings_.forged && at < bytes.size(); at += datagram_bytes) {
      pair.adversary_.forge();
    }
    return pair.tap_.send(bytes, datagram_bytes);
  }
  Stats stats() const override { return {.datagrams = 0, .bytes = sent, .calls = 0, .errors = 0}; }

  Pair& pair;
  bool fails = false;
  std::uint64_t sent = 0;
};

Pair::Pair(const PairSettings& settings)
    : settings_(settings),
      random_(settings.seed),
      link_(settings.seed, settings.faults),
      tap_(link_, random_),
      adversary_(link_, tap_, random_),
      streams_{{.name = kStream, .key = signing_.verify_key()}} {
  high_settings_.assemble.streams.emplace(kStream, signing_.verify_key());
  high_settings_.assemble.staging.folder = "/high/assembling";
  link_.drop_if([this](ByteView datagram) { return outage_ && outage_(now(), datagram); });
  for (std::size_t lane = 0; lane < settings_.lanes; ++lane) {
    lanes_.push_back(std::make_unique<LaneSink>(*this));
  }
  for (sim::Disk* const disk : {&low_disk_, &high_disk_}) {
    const char* const folder = disk == &low_disk_ ? "/low" : "/high";
    disk->files().create_directories(folder).value();
  }
  restart_high();
  start_low();
}

Pair::~Pair() = default;

void Pair::start_low() {
  FileSystem& files = low_disk_.files();
  blobs_ = store::DiskBlobStore::open(low_disk_.index(), files, "/low").value();
  spool_ =
      low::Spool::open({.stream = kStream, .folder = "/low", .passes = {std::chrono::seconds(0)}},
                       {low_disk_.index(), *blobs_, files, signing_, clock_, low_counters_})
          .value();
  tap_.set_pass_open(true);
  std::vector<link::DatagramSink*> sinks;
  for (const auto& lane : lanes_) {
    sinks.push_back(lane.get());
  }
  low::TransmitSettings transmit = settings_.transmit;
  transmit.stream = kStream;
  transmit.epoch = Epoch(++epoch_);
  transmission_ = low::Transmission::begin(transmit, {*spool_,
                                                      *blobs_,
                                                      sinks,
                                                      signing_,
                                                      {opening_.sealing_key()},
                                                      clock_,
                                                      low_counters_,
                                                      low_events_})
                      .value();
  next_send_.assign(transmission_->lanes(), SteadyTime());
}

void Pair::fail_lane(std::size_t lane, bool fails) { lanes_.at(lane)->fails = fails; }

void Pair::restart_low() {
  low_disk_.plan().crash_now();  // destructors must not reach the disk
  transmission_.reset();
  spool_.reset();
  blobs_.reset();
  low_disk_.crash(random_, true);
  start_low();
}

void Pair::restart_high() {
  if (high_ != nullptr) {
    high_disk_.plan().crash_now();
    high_.reset();
    high_disk_.crash(random_, true);
  }
  high_ = sim::HighSide::open({.settings = high_settings_,
                               .disk = high_disk_,
                               .clock = clock_,
                               .key = opening_,
                               .streams = streams_,
                               .source = link_.source(),
                               .tap = tap_,
                               .counters = high_counters_,
                               .events = high_events_})
              .value();
}

void Pair::ship(const std::vector<std::size_t>& sizes) {
  low::Proposal proposal;
  Documents documents;
  for (const std::size_t size : sizes) {
    const std::string name =
        "drop/" + std::to_string(shipments_.size() + 1) + "/" + std::to_string(documents.size());
    Bytes bytes(size);
    random_.fill(bytes);
    proto::Blob blob = spool_->take_made(name, as_text(bytes), {}, {}).value();
    proto::FileEntry entry;
    entry.set_sha256(blob.sha256());
    entry.set_size(size);
    proto::Record record;
    record.set_ecosystem("file");
    record.set_document(name);
    record.set_body(entry.SerializeAsString());
    record.add_blobs(blob.sha256());
    proposal.records.push_back(std::move(record));
    proposal.blobs.push_back(std::move(blob));
    documents.emplace(name, std::move(bytes));
  }
  proposal.cursor = std::to_string(shipments_.size());
  static_cast<void>(spool_->append("drop", proposal).value().value());
  shipments_.push_back(std::move(documents));
}

bool Pair::work() {
  bool worked = false;
  while (transmission_->build() == low::Transmission::Built::kWorked) {
    worked = true;
    std::ranges::fill(next_send_, SteadyTime());  // a lane that was idle may have a block now
  }
  for (std::size_t lane = 0; lane < next_send_.size(); ++lane) {
    if (now() >= next_send_[lane]) {
      next_send_[lane] = transmission_->send(lane);
      worked = true;
    }
  }
  return work_high() || worked;
}

bool Pair::work_high() {
  if (high_ == nullptr) {
    std::vector<link::ReceiveBuffer> nobody(1);  // what arrives meets no socket
    Bytes memory(link_.source().buffer_bytes());
    nobody[0].memory = memory;
    while (link_.source().receive(nobody, milliseconds(0)).value() > 0) {
    }
    return false;
  }
  bool worked = false;
  const auto step = [&] {
    return high_->deliver() || high_->assemble() || high_->keep() || high_->commit() ||
           high_->publish();
  };
  while (step()) {
    worked = true;
  }
  high_->tick();
  return worked;
}

SteadyTime Pair::next_send() const { return *std::ranges::min_element(next_send_); }

void Pair::run_for(std::chrono::nanoseconds time) {
  const SteadyTime end = now() + time;
  while (now() < end) {
    while (work()) {
    }
    time_.advance_to(std::min({next_send(), end, now() + milliseconds(50)}));
  }
  while (work()) {
  }
}

void Pair::send_all(std::chrono::seconds limit) {
  const SteadyTime end = now() + limit;
  const auto something_is_due = [this] {
    return std::ranges::any_of(low::kUrgencies, [this](low::Urgency urgency) {
      return spool_->next_due(clock_.utc_now(), urgency, {}).value().has_value();
    });
  };
  do {
    while (work()) {
    }
    time_.advance_to(std::min(next_send(), now() + milliseconds(50)));
  } while (now() < end && (!transmission_->status().open.empty() || something_is_due()));
}

void Pair::end_troubles() {
  outage_ = {};
  link_.set_faults({});
  link_.flush();
  run_for(kSettled);
}

std::vector<high::Gap> Pair::gaps() const { return high_->publisher().gaps(1000, 1000); }

std::uint64_t Pair::visible() const { return high_->catalog().current().value(); }

std::string Pair::check() const {
  std::vector<std::size_t> named(shipments_.size() + 1);
  for (const high::Gap& gap : gaps()) {
    for (std::uint64_t at = gap.first.value(); at <= gap.last.value(); ++at) {
      if (at == 0 || at >= named.size() || named[at]++ > 0) {
        return "shipment " + std::to_string(at) + " is named twice or was never made";
      }
      if (gap.state == high::ShipmentState::kWaitingForBlobs && gap.missing.empty()) {
        return "shipment " + std::to_string(at) + " waits for blobs that are not named";
      }
    }
  }
  std::uint64_t whole = 0;
  for (std::size_t i = 0; i < shipments_.size(); ++i) {
    std::size_t shown = 0;
    for (const auto& [name, bytes] : shipments_[i]) {
      const http::Response response = get(high_->mirror(), name);
      if (response.status == 404) {
        continue;
      }
      ++shown;
      if (response.status != 200 || read_body(response.body) != bytes) {
        return name + " is visible and is not what was sent";
      }
    }
    if (shown != 0 && shown != shipments_[i].size()) {
      return "shipment " + std::to_string(i + 1) + " is visible in part";
    }
    if ((shown != 0) == (named[i + 1] != 0)) {
      return "shipment " + std::to_string(i + 1) +
             (shown != 0 ? " is visible and named as a gap" : " is neither visible nor named");
    }
    whole += shown != 0 ? 1 : 0;
  }
  return whole == visible() ? "" : "editions do not match what is visible";
}

void Pair::resend_gaps() {
  std::vector<low::SequenceRange> ranges;
  for (const high::Gap& gap : gaps()) {
    ranges.push_back({.first = gap.first, .last = gap.last});
  }
  if (!ranges.empty()) {
    spool_->resend(ranges).value();
  }
  send_all();
  run_for(kSettled);
}

}  // namespace sluice::survival
