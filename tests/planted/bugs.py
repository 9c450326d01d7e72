"""Bugs that somebody might make, each with the test that has to catch it. `old` stands exactly once in `file`."""
from typing import NamedTuple


class Bug(NamedTuple):
    name: str    # what is wrong
    file: str
    old: str
    new: str
    target: str  # what holds the test, for the build
    test: str    # as ctest names it


BUGS = [
    Bug("a blob's file is not synced before its entry is", "common/store/disk_blob_commit.cpp",
        "  SLUICE_TRY_VOID(files_.sync_all(files));\n", "",
        "test_common_store", "unit.common/store.DiskBlobCrashTest.ACrashAtAnyPointLosesNothingAndShowsNothingHalf"),
    Bug("the folder of a new file is not synced", "common/store/disk_blob_commit.cpp",
        "    SLUICE_TRY_VOID(files_.sync_directory(folder));\n", "    static_cast<void>(folder);\n",
        "test_common_store", "unit.common/store.DiskBlobCrashTest.ACrashAtAnyPointLosesNothingAndShowsNothingHalf"),
    Bug("the folder of a new pack is not synced", "common/store/disk_blob_commit.cpp",
        "    SLUICE_TRY_VOID(packs_.sync());\n", "",
        "test_common_store", "unit.common/store.DiskBlobCrashTest.ACrashAtAnyPointLosesNothingAndShowsNothingHalf"),
    Bug("the pack of a failed batch is removed at once", "common/store/disk_blob_commit.cpp",
        "packs_.keep_loose(*plan.pack);", "packs_.discard(*plan.pack);",
        "test_common_store", "unit.common/store.DiskBlobCrashTest.AFailedCommitThatComesBackAfterACrashIsWhole"),
    Bug("what is read of a pack is given out without a second look", "common/store/disk_blob_store.cpp",
        "    if (reader && known->place.kind != proto::StoredBlob::PACK) {\n", "    if (reader) {\n",
        "test_common_store", "unit.common/store.PackTest.ABlobThatIsRemovedWhileItIsOpenedIsNotFoundAndNeverZeros"),
    Bug("the edition flips before the batch with its documents", "highside/catalog/catalog.cpp",
        "  SLUICE_TRY_VOID(index_.write(along, store::Durability::kSynced));\n  current_.store(edition.value(), std::memory_order_release);\n",
        "  current_.store(edition.value(), std::memory_order_release);\n  SLUICE_TRY_VOID(index_.write(along, store::Durability::kSynced));\n",
        "test_highside_catalog", "unit.highside/catalog.CatalogTest.AFailedPublishChangesNothing"),
    Bug("the batch with the edition is not synced", "highside/catalog/catalog.cpp",
        "index_.write(along, store::Durability::kSynced)", "index_.write(along, store::Durability::kUnsynced)",
        "simulate", "simulation.seeds_from_1"),
    Bug("an older record replaces a newer one", "highside/catalog/shipment_check.cpp",
        "      newest->entry.sequence.value() > shipment.sequence()) {", "      newest->entry.sequence.value() == shipment.sequence()) {",
        "test_highside_pipeline", "unit.highside/pipeline.ShipmentTest.AnOlderRecordNeverReplacesANewerOne"),
    Bug("a shipment does not wait for those before it", "highside/catalog/publisher.cpp",
        "  return open.waits_for.empty();\n", "  return true;\n",
        "test_highside_pipeline", "unit.highside/pipeline.ShipmentTest.AfterALostOneOnlyItsOwnSourceWaits"),
    Bug("each nonce is used twice", "common/crypto/datagram_cipher.cpp",
        "return Ticket(state_.get(), ++state_->last);", "return Ticket(state_.get(), ++state_->last / 2 + 1);",
        "simulate", "simulation.seeds_from_1"),
    Bug("the replay window ends one counter late", "common/crypto/replay_window.cpp",
        "highest_ - counter >= window", "highest_ - counter > window",
        "test_common_crypto", "unit.common/crypto.ReplayWindow.AgreesWithASetOfAllCounters"),
    Bug("a replayed datagram counts as fresh", "highside/receive/session.cpp",
        "      return Opened::kReplayed;\n", "      break;\n",
        "test_highside_receive", "unit.highside/receive.Rejects.ARecordingOfTheSession"),
    Bug("a datagram's tag is not checked", "common/crypto/datagram_cipher.cpp",
        "  return aead_->open(nonce_of(lane, counter), header, sealed, text.data(), tag);\n",
        "  return aead_->open(nonce_of(lane, counter), header, sealed, text.data(), tag) || true;\n",
        "test_common_crypto", "unit.common/crypto.DatagramCipher.EveryFlippedBitIsNoticed"),
    Bug("a forged symbol is decrypted over one that is held", "common/fec/decoder.cpp",
        "return ordinal < s.data_symbols && !s.seen[ordinal]", "return ordinal < s.data_symbols",
        "test_common_fec", "unit.common/fec.Decoder.TakesSymbolsThatLieInPlaceAndForgetsWhatWasScribbledThere"),
    Bug("a block's signature is not checked", "common/wire/block_reader.cpp",
        "  if (!key.verify(crypto::Domain::kBlock, signed_statement(place_, sections.head),\n                  sections.signature)) {",
        "  if (!key.verify(crypto::Domain::kBlock, signed_statement(place_, sections.head),\n                  sections.signature) && bytes.empty()) {",
        "test_common_wire", "unit.common/wire.BlockReaderTest.RefusesAnotherPlaceOrKey"),
    Bug("a small blob's digest is not checked", "highside/assemble/assembler.cpp",
        "  if (digests.front() != Digest(part.blob)) {", "  if (digests.empty()) {",
        "test_highside_pipeline", "unit.highside/pipeline.RefusalTest.ABlobOfAnotherDigestIsForgottenAndMayComeAgain"),
    Bug("the upstream's digest is not checked", "lowside/verify/verifier.cpp",
        "    if (computed != expected) {", "    if (computed != expected && expectation.size) {",
        "test_lowside_verify", "unit.lowside/verify.VerifierTest.QuarantinesAnotherDigestAndSaysBoth"),
    Bug("a gap is not recorded: shipments that only a heartbeat names", "highside/catalog/ledger.cpp",
        "      std::max(stream.highest, std::min(heartbeat.last.value(), kMaxSequence));", "      stream.highest;",
        "test_highside_pipeline", "unit.highside/pipeline.GapsTest.AHeartbeatNamesALostTail"),
    Bug("a lost block is not told", "highside/receive/block_window.cpp",
        "    lose(floor_, 1);\n", "",
        "test_highside_receive", "unit.highside/receive.Losses.BlocksWithTooFewSymbolsAreNamedExactly"),
    Bug("an old session is let in again", "highside/daemon/stored_epochs.cpp",
        "    if (epoch.value() < *known_epoch ||", "    if (epoch.value() + 1 < *known_epoch ||",
        "test_highside_daemon", "unit.highside/daemon.StoredEpochs.RefusesOlderOnesAlsoAfterARestart"),
    Bug("a pass is marked as sent while its last blocks are under way", "lowside/transmit/transmission.cpp",
        "one.under_way.front().blocks_outstanding == 0", "one.under_way.front().blocks_outstanding <= 1",
        "simulate", "simulation.seeds_from_1"),
    Bug("a source's cursor is saved before its shipment", "lowside/spool/spool_append.cpp",
        "  SLUICE_TRY(const proto::Shipment shipment,\n             make_shipment(source, proposal, state.",
        "  state.set_cursor(proposal.cursor);\n  Batch early;\n  early.put(Family::kMeta, spool_keys::source(source), state.SerializeAsString());\n"
        "  SLUICE_TRY_VOID(write(std::move(early)));\n  SLUICE_TRY(const proto::Shipment shipment,\n             make_shipment(source, proposal, state.",
        "test_lowside_spool", "unit.lowside/spool.SpoolCrashTest.ACrashAtAnyPointLosesNothingAndReusesNoNumber"),
    Bug("the sender's epoch is not durable when its session begins", "lowside/daemon/epoch.cpp",
        "index.write(batch, store::Durability::kSynced)", "index.write(batch, store::Durability::kUnsynced)",
        "test_lowside_daemon", "unit.lowside/daemon.NextEpoch.IsDurableWhenItReturns"),
    Bug("a SIF image's objects are not held against its signature", "common/ecosystem/sif/signature.cpp",
        "      if (computed != covered->second->object) {", "      if (computed.algorithm() != covered->second->object.algorithm()) {",
        "test_common_ecosystem_sif", "unit.common/ecosystem/sif.SifSignatures.CoverHeaderDescriptorsAndObjects"),
    Bug("a tag of a SIF image moves", "lowside/upstream/oci/poll.cpp",
        "  keep_sif_tags();\n", "",
        "test_lowside_upstream_oci", "unit.lowside/upstream/oci.OciSourceTest.ATagOfASifImageNeverMovesToOtherBytes"),
    Bug("a name in an archive of images leads out of it", "lowside/upstream/oci/image_tar.cpp",
        """    if (part == ".." && parts.empty()) {
      return std::nullopt;
    }
    if (part == "..") {
""", """    if (part == ".." && parts.empty()) {
      continue;
    }
    if (part == "..") {
""",
        "test_lowside_upstream_oci", "unit.lowside/upstream/oci.OciDropSourceTest.RefusesWhatIsNoArchiveOfImages"),
]
