// The worked example of docs/protocol.md, made again from its inputs and compared with its text.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "common/base/hasher.h"
#include "common/wire/announce.h"
#include "common/wire/block.h"
#include "common/wire/datagram.h"
#include "common/wire/manifest.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::wire {
namespace {

constexpr std::string_view kOpening = "```hex ";

// The document's fenced blocks "```hex NAME": two digits a byte, the rest of a line after ';' is a
// remark.
std::map<std::string, Bytes> examples_of_document() {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/protocol.md");
  std::map<std::string, Bytes> examples;
  std::string name;
  std::string digits;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kOpening)) {
      name = line.substr(kOpening.size());
      digits.clear();
    } else if (line == "```" && !name.empty()) {
      examples[name] = hex_decode(digits).value();
      name.clear();
    } else if (!name.empty()) {
      std::ranges::copy_if(line.substr(0, line.find(';')), std::back_inserter(digits),
                           [](char c) { return c != ' '; });
    }
  }
  return examples;
}

class ProtocolExample : public ::testing::Test {
 protected:
  ProtocolExample() {
    proto::Shipment shipment;
    shipment.set_stream("lab-low");
    shipment.set_sequence(1);
    shipment.set_created_micros(1'700'000'000'000'000);
    shipment.set_source("drop");
    proto::Blob& blob = *shipment.add_blobs();
    blob.set_sha256(std::string(as_text(sha256(content_).bytes())));
    blob.set_size(content_.size());
    proto::Record& record = *shipment.add_records();
    record.set_ecosystem("file");
    record.set_document("hello.txt");
    record.add_blobs(blob.sha256());
    manifest_ = sign_manifest(shipment, signing_key_);

    BlockWriter writer(limits::kMinBlockBytes);
    writer.add_notice({ShipmentSequence(1), sha256(manifest_), manifest_.size(), 0});
    writer.add_part(sha256(content_), content_.size(), 0, content_);
    const ByteView block = writer.finish(place_, signing_key_);
    block_.assign(block.begin(), block.end());
    geometry_ = {static_cast<std::uint32_t>(block_.size()), 80, 2, 1};
    const ByteView padded = writer.padded(geometry_.symbol_bytes);
    symbols_.assign(padded.begin(), padded.end());
    Bytes parity(std::size_t{geometry_.codewords()} * geometry_.parity * geometry_.symbol_bytes);
    fec::Encoder().encode(geometry_, padded, parity);
    symbols_.insert(symbols_.end(), parity.begin(), parity.end());
  }

  ByteView symbol(std::uint32_t ordinal) const {
    return ByteView(symbols_).subspan(std::size_t{ordinal} * geometry_.symbol_bytes,
                                      geometry_.symbol_bytes);
  }
  Bytes symbol_datagram(std::uint32_t ordinal, crypto::Sealer& sealer) const {
    crypto::Sealer::Ticket ticket = sealer.next();
    const SymbolHeader header{place_.lane,   place_.session, ticket.counter(),
                              place_.number, geometry_,      ordinal};
    Bytes datagram(kSymbolHeaderBytes + geometry_.symbol_bytes + kTagBytes);
    const MutableByteView all(datagram);
    encode(header, all.first<kSymbolHeaderBytes>());
    sealer.seal(std::move(ticket), all.first(kSymbolHeaderBytes), symbol(ordinal),
                all.subspan(kSymbolHeaderBytes, geometry_.symbol_bytes), all.last<kTagBytes>());
    return datagram;
  }
  Bytes heartbeat_datagram(crypto::Sealer& sealer) const {
    const Bytes payload = write_heartbeat(
        {now_, ShipmentSequence(1), ShipmentSequence(1), {{place_.lane, BlockNumber(1)}}});
    crypto::Sealer::Ticket ticket = sealer.next();
    Bytes datagram(kSealedHeaderBytes + payload.size() + kTagBytes);
    const MutableByteView all(datagram);
    encode(HeartbeatHeader{place_.lane, place_.session, ticket.counter(),
                           static_cast<std::uint16_t>(payload.size())},
           all.first<kSealedHeaderBytes>());
    sealer.seal(std::move(ticket), all.first(kSealedHeaderBytes), payload,
                all.subspan(kSealedHeaderBytes, payload.size()), all.last<kTagBytes>());
    return datagram;
  }

  // On a difference prints what the document should say.
  void expect_example(const std::string& name, ByteView expected) const {
    const auto examples = examples_of_document();
    const auto found = examples.find(name);
    ASSERT_NE(found, examples.end()) << "docs/protocol.md has no example " << name;
    EXPECT_TRUE(std::ranges::equal(found->second, expected))
        << name << " should be " << hex_encode(expected);
  }

  const crypto::SigningKey signing_key_ = fixed_signing_key();
  const crypto::OpeningKey opening_key_ = fixed_opening_key();
  const crypto::SessionKey session_key_ = fixed_session_key();
  const BlockPlace place_{SessionId(0x1122334455667788), LaneId(0), BlockNumber(0)};
  const UtcTime now_ = from_unix_micros(1'700'000'001'000'000);
  const ByteView content_ = as_bytes("Hello, closed network!\n");
  Bytes manifest_;
  Bytes block_;
  fec::Geometry geometry_;
  Bytes symbols_;
};

TEST_F(ProtocolExample, Manifest) { expect_example("manifest", manifest_); }

TEST_F(ProtocolExample, Block) { expect_example("block", block_); }

TEST_F(ProtocolExample, Parity) {
  expect_example("parity", ByteView(symbols_).subspan(geometry_.data_symbols() * std::size_t{80}));
}

TEST_F(ProtocolExample, Datagrams) {
  crypto::Sealer sealer(session_key_, place_.lane);
  expect_example("symbol", symbol_datagram(0, sealer));
  for (std::uint32_t ordinal = 1; ordinal < geometry_.total_symbols(); ++ordinal) {
    symbol_datagram(ordinal, sealer);
  }
  expect_example("heartbeat", heartbeat_datagram(sealer));
}

// Sealing draws a fresh key each time, so that this one can only be read, not made again.
TEST_F(ProtocolExample, Announce) {
  const auto examples = examples_of_document();
  const auto found = examples.find("announce");
  const Bytes fresh =
      write_announce({"lab-low", Epoch(3), place_.session, from_unix_micros(1'700'000'000'000'000)},
                     now_, session_key_, {opening_key_.sealing_key()}, signing_key_);
  ASSERT_NE(found, examples.end())
      << "docs/protocol.md has no announce, such as " << hex_encode(fresh);
  EXPECT_EQ(found->second.size(), fresh.size());
  const auto header = parse(found->second);
  ASSERT_TRUE(std::holds_alternative<Header>(header));
  const auto opened = read_announce(ByteView(found->second).subspan(kPrefixBytes),
                                    signing_key_.verify_key(), opening_key_);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->info.stream, "lab-low");
  EXPECT_EQ(opened->info.epoch, Epoch(3));
  EXPECT_EQ(opened->info.session, place_.session);
  EXPECT_EQ(opened->info.started, from_unix_micros(1'700'000'000'000'000));
  EXPECT_EQ(opened->sent, now_);
  EXPECT_TRUE(std::ranges::equal(opened->session_key.bytes(), session_key_.bytes()));
}

// The document's limits are the code's.
TEST_F(ProtocolExample, LimitsAreThoseOfTheCode) {
  const std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/protocol.md");
  std::stringstream text;
  text << file.rdbuf();
  const auto expect_row = [&](const std::string& name, std::uint64_t value) {
    const std::string row = "| " + name + " | " + std::to_string(value) + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  };
  expect_row("datagram, bytes", limits::kMaxDatagramBytes);
  expect_row("lanes", limits::kMaxLanes);
  expect_row("blocks under way in a lane", limits::kMaxBlocksInFlight);
  expect_row("block, bytes", limits::kMaxBlockBytes);
  expect_row("data symbols of a codeword", limits::kMaxDataSymbols);
  expect_row("parity symbols of a codeword", limits::kMaxParitySymbols);
  expect_row("symbols of a block", fec::kMaxSymbolsPerBlock);
  expect_row("head of a block, bytes", limits::kMaxBlockHeadBytes);
  expect_row("frames of a block", kMaxFramesPerBlock);
  expect_row("decoded bytes of a block", kMaxDecodedBlockBytes);
  expect_row("sealed keys of an announce", kMaxReceiversPerAnnounce);
  expect_row("announce datagram, bytes", kMaxAnnounceBytes);
  expect_row("stream name, bytes", kMaxStreamNameBytes);
  expect_row("blob, bytes", limits::kMaxBlobBytes);
  expect_row("manifest, bytes", limits::kMaxManifestBytes);
  expect_row("blobs of a manifest", limits::kMaxBlobsPerShipment);
  expect_row("records of a manifest", limits::kMaxRecordsPerShipment);
  expect_row("fields of a manifest", kMaxManifestFields);
  expect_row("document name, bytes", limits::kMaxDocumentNameBytes);
}

}  // namespace
}  // namespace sluice::wire
