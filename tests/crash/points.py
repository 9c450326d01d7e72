"""The named points: between which two system calls a daemon is killed, and what lies between them.

The steps are those of kill_point.cpp. A log is RocksDB's write-ahead log; the keys that a write contains say which batch it is (docs/storage.md).
"""
import dataclasses

LOG = "*/index/*.log"
BLOB = "*/blobs/??/??/*"
PACK = "*/packs/*"


@dataclasses.dataclass(frozen=True)
class Point:
    name: str
    side: str
    steps: str  # up to the call at which it dies; none for "seen"
    between: str
    kinds: tuple = ("files",)  # which upstreams there are
    when: str = "start"  # or "stop": asked to stop with a transfer under way; "again": at a second start, after such a kill;
    # "seen": as soon as /status shows what the daemon has done, which must not be taken back
    slow: bool = False  # a link on which a transfer takes seconds
    lie: bool = False  # npm's upstream gives other bytes than it promised


def steps(*parts):
    return ";".join(parts)


SHIPPED = f"after write {LOG} 1 spool/next"  # the batch of a shipment is in the log
FLIPPED = f"after write {LOG} 1 catalog.edition"

HIGH = [
    Point("epoch_not_written", "high", f"before write {LOG} 1 epoch/rig", "an announce that was opened; its epoch on disk"),
    Point("epoch_not_synced", "high", steps(f"after write {LOG} 1 epoch/rig", f"before fdatasync {LOG}"), "the epoch in the log; the log on disk"),
    Point("epoch_stored", "high", steps(f"after write {LOG} 1 epoch/rig", f"after fdatasync {LOG}"), "the epoch on disk; the session begun"),
    Point("notice_not_kept", "high", f"before write {LOG} 1 rig", "a shipment that was heard of; its entry in the ledger"),
    Point("part_begun", "high", "after write */assembling/*.part", "the first bytes of a part file; any entry of its progress"),
    Point("part_synced", "high", "after fdatasync */assembling/*.part", "the part file on disk; its folder and its progress entry", when="stop", slow=True),
    Point("part_in_folder", "high", steps("after fdatasync */assembling/*.part", "after fsync */assembling"),
          "the part file and its name on disk; its progress entry", when="stop", slow=True),
    Point("progress_kept", "high", steps("after fsync */assembling", f"after write {LOG}"), "the progress entry in the log, not synced; the next part", when="stop", slow=True),
    Point("blob_noted", "high", steps(f"after write {LOG} 1 blob-unsettled/", f"after fdatasync {LOG}"), "the note of a large blob; its file in place"),
    Point("blob_folder_made", "high", "after mkdir */blobs/??/??", "the blob's new folder; the sync of the folder above it"),
    Point("blob_linked", "high", f"after link {BLOB}", "the blob's file in place, not synced; the batch that names it"),
    Point("blob_file_synced", "high", steps(f"after link {BLOB}", "after fsync */blobs/??/??"), "the blob's file in place and synced; the batch that names it"),
    Point("blob_batch_not_synced", "high", steps(f"after link {BLOB}", f"after write {LOG}"), "the batch that names the blob in the log; the log on disk"),
    Point("blob_committed", "high", steps(f"after link {BLOB}", f"after fdatasync {LOG}"), "the blob's batch on disk; the flip of the edition"),
    Point("blob_made_read_only", "high", f"after chmod {BLOB}", "the committed blob read-only; its part file removed"),
    Point("part_not_removed", "high", "before unlink */assembling/*.part", "the committed blob; its part file removed"),
    Point("pack_begun", "high", f"after write {PACK} 3", "some blobs in a pack; the others", kinds=("bulk",)),
    Point("pack_not_synced", "high", f"before fdatasync {PACK}", "a pack that is written; its bytes on disk", kinds=("bulk",)),
    Point("pack_synced", "high", f"after fdatasync {PACK}", "a pack's bytes on disk; its name", kinds=("bulk",)),
    Point("pack_in_folder", "high", steps(f"after fdatasync {PACK}", "after fsync */packs"), "a pack on disk; the batch that names it", kinds=("bulk",)),
    Point("pack_batch_not_synced", "high", steps("after fsync */packs", f"after write {LOG}"), "the batch that names a pack in the log; the log on disk", kinds=("bulk",)),
    Point("pack_committed", "high", steps("after fsync */packs", f"after write {LOG}", f"after fdatasync {LOG}"), "a pack's batch on disk; the flip of the edition", kinds=("bulk",)),
    Point("flip_not_written", "high", f"before write {LOG} 1 catalog.edition", "every blob of a shipment on disk; its records and the flip"),
    Point("flip_not_synced", "high", steps(FLIPPED, f"before fdatasync {LOG}"), "the flip in the log; the log on disk"),
    Point("flip_synced", "high", steps(FLIPPED, f"after fdatasync {LOG}"), "the flip on disk; readers that see it"),
    Point("flip_seen", "high", "", "an edition that readers see; whatever is written next", when="seen"),
    Point("second_flip_written", "high", steps(FLIPPED, FLIPPED), "one edition on disk, the next in the log", kinds=("npm", "files")),
    Point("index_made", "high", "before rename */index/CURRENT", "RocksDB's first manifest; the name that says that it holds"),
    Point("index_opened_again", "high", "before rename */index/CURRENT", "RocksDB's next manifest; the name that says that it holds", when="again"),
    Point("orphan_removed", "high", "after unlink */assembling/*.part", "a start that has removed one part without progress; the next", when="again", slow=True),
]

LOW = [
    Point("epoch_not_written", "low", f"before write {LOG} 1 epoch", "a sender that starts; its epoch on disk"),
    Point("epoch_not_synced", "low", steps(f"after write {LOG} 1 epoch", f"before fdatasync {LOG}"), "the epoch in the log; the log on disk"),
    Point("epoch_stored", "low", steps(f"after write {LOG} 1 epoch", f"after fdatasync {LOG}"), "the epoch on disk; the session announced"),
    Point("control_token", "low", "before rename */control.token", "the new token beside the old one; its name"),
    Point("copy_begun", "low", "after write */work/*.copy", "a part of a dropped file copied; the rest of it"),
    Point("part_noted", "low", "after rename */fetch/*.json", "the note that lets a fetch be resumed; the fetched bytes", kinds=("npm",)),
    Point("part_fetched", "low", "after write */fetch/*.part", "some bytes of a fetched file; the rest of it", kinds=("npm",)),
    Point("file_fetched", "low", "after rename */fetch/*.fetched", "the fetched file whole; the removal of its note", kinds=("npm",)),
    Point("quarantined", "low", "after rename */quarantine/*.file", "a file in quarantine; the note that says why", kinds=("npm",), lie=True),
    Point("quarantine_note", "low", "before rename */quarantine/*.json", "the note beside its place; its name", kinds=("npm",), lie=True),
    Point("blob_noted", "low", steps(f"after write {LOG} 1 blob-unsettled/", f"after fdatasync {LOG}"), "the note of a large blob; its file in place"),
    Point("blob_linked", "low", f"after link {BLOB}", "the blob's file in place, not synced; the batch that names it"),
    Point("blob_committed", "low", steps(f"after link {BLOB}", f"after fdatasync {LOG}"), "the blob committed; the shipment that carries it"),
    Point("copy_not_removed", "low", "before unlink */work/*.copy", "the blob committed; its copy removed"),
    Point("shipment_not_written", "low", f"before write {LOG} 1 spool/next", "every blob committed; the shipment, with the cursor"),
    Point("shipment_not_synced", "low", steps(SHIPPED, f"before fdatasync {LOG}"), "the shipment in the log; the log on disk"),
    Point("shipment_synced", "low", steps(SHIPPED, f"after fdatasync {LOG}"), "the shipment on disk; its first datagram"),
    Point("shipment_seen", "low", "", "a shipment that has a number; whatever is written next", when="seen"),
    Point("pass_half_sent", "low", steps(SHIPPED, "after sendmmsg * 3"), "some datagrams of a pass; the others"),
    Point("pass_not_marked", "low", steps(SHIPPED, f"before write {LOG}"), "the last datagram of a pass; its mark"),
    Point("mark_not_synced", "low", steps(SHIPPED, f"after write {LOG}"), "the mark of a pass in the log; the log on disk"),
    Point("mark_synced", "low", steps(SHIPPED, f"after write {LOG}", f"after fdatasync {LOG}"), "the mark of a pass on disk; the next pass"),
    Point("index_made", "low", "before rename */index/CURRENT", "RocksDB's first manifest; the name that says that it holds"),
    Point("index_opened_again", "low", "before rename */index/CURRENT", "RocksDB's next manifest; the name that says that it holds", when="again"),
]

# A program that makes keys is killed too: what it leaves must not stop the next attempt.
INIT = [
    Point("secret_key_empty", "low", "before write */signing.key*", "the key's file; the key in it"),
    Point("secret_key_not_synced", "low", "before fsync */signing.key*", "the key written; the key on disk"),
    Point("public_key_beside", "low", "before rename */signing.pub", "the public key beside its place; its name"),
    Point("site_key_half", "low", "after rename */apt/site.asc", "the site key's public half; its secret half"),
    Point("example_beside", "low", "before rename */low.toml", "the example configuration beside its place; its name"),
    Point("secret_key_empty", "high", "before write */opening.key*", "the key's file; the key in it"),
    Point("public_key_beside", "high", "before rename */opening.pub", "the public key beside its place; its name"),
]

# Those that ctest runs; tests/crash.sh runs all.
SHORT = {
    "high": {"part_in_folder", "blob_linked", "blob_committed", "pack_in_folder", "flip_not_synced", "flip_synced", "flip_seen"},
    "low": {"epoch_stored", "file_fetched", "quarantined", "shipment_not_synced", "shipment_synced", "shipment_seen", "pass_half_sent", "pass_not_marked"},
    "init": {"secret_key_empty"},
}
