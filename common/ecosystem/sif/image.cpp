#include "common/ecosystem/sif/image.h"

#include <algorithm>
#include <optional>
#include <set>

namespace sluice::sif {
namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kDescriptorBytes = 585;
constexpr std::size_t kLaunchBytes = 32;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kNameBytes = 128;
constexpr std::size_t kExtraBytes = 384;
constexpr std::uint64_t kPartitionAlignment = 4096;
constexpr std::uint32_t kGroupMark = 0xf0000000;
constexpr std::int32_t kFirstType = 0x4001;  // a definition file
constexpr std::int32_t kLastType = 0x400b;   // a blob of an OCI image
constexpr std::int32_t kPrimaryPartition = 2;
constexpr std::string_view kMagic("SIF_MAGIC\0", 10);
constexpr std::string_view kVersion("01\0", 3);

constexpr std::array kArchitectures{"",         "386",     "amd64",  "arm",    "arm64",
                                    "ppc64",    "ppc64le", "mips",   "mipsle", "mips64",
                                    "mips64le", "s390x",   "riscv64"};

struct Table {
  std::uint64_t free = 0;
  std::uint64_t total = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t data = 0;
  std::uint64_t data_bytes = 0;
};

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

class Reader {
 public:
  Reader(const std::string& thing, const Source& source) : thing_(thing), source_(source) {}

  Result<Image> read() {
    SLUICE_TRY_VOID(read_header());
    SLUICE_TRY_VOID(read_descriptors());
    SLUICE_TRY_VOID(check_overlaps());
    SLUICE_TRY_VOID(check_links());
    SLUICE_TRY_VOID(check_primary());
    return std::move(image_);
  }

 private:
  Error invalid(std::string cause) const {
    return {ErrorCode::kInvalid, thing_, "it is no sound SIF image: " + std::move(cause),
            "build or pull the image again"};
  }
  Error invalid(const Object& object, const std::string& cause) const {
    return invalid("object " + std::to_string(object.id) + " " + cause);
  }

  Result<void> read_header() {
    if (source_.size() < kHeaderBytes) {
      return invalid("it is shorter than a header");
    }
    std::array<std::uint8_t, kHeaderBytes> bytes{};
    SLUICE_TRY_VOID(source_.read_at(0, bytes));
    ByteReader fields(bytes);
    const ByteView launch = fields.bytes(kLaunchBytes);
    const ByteView magic = fields.bytes(kMagic.size());
    const ByteView version = fields.bytes(kVersion.size());
    const ByteView arch = fields.bytes(3);
    const ByteView id = fields.bytes(kIdBytes);
    fields.u64();  // created
    fields.u64();  // modified
    table_ = {fields.u64(), fields.u64(), fields.u64(), fields.u64(), fields.u64(), fields.u64()};
    SLUICE_ASSERT(fields.at_end());
    if (as_text(magic) != kMagic) {
      return invalid("it does not say that it is one");
    }
    if (as_text(version) != kVersion) {
      return invalid("its version is not 01");
    }
    const auto named = architecture(arch);
    if (!named) {
      return invalid("its architecture is none");
    }
    image_.arch = *named;
    for (const ByteView part : {launch, magic, version, id}) {
      append(image_.signed_header, part);
    }
    return check_table();
  }

  static std::optional<std::string> architecture(ByteView code) {
    const auto digit = [&](std::size_t i) { return static_cast<unsigned>(code[i]) - '0'; };
    if (digit(0) > 9 || digit(1) > 9 || code[2] != 0) {
      return std::nullopt;
    }
    const std::size_t number = std::size_t{digit(0)} * 10 + digit(1);
    return number < kArchitectures.size() ? kArchitectures[number]
                                          : "of number " + std::to_string(number);
  }

  // Unsigned, so that what is negative there is too large.
  Result<void> check_table() const {
    const std::uint64_t size = source_.size();
    if (table_.total == 0 || table_.total > kMaxDescriptors || table_.free > table_.total ||
        table_.bytes != table_.total * kDescriptorBytes) {
      return invalid("its table of descriptors has another size than it says, or more than " +
                     std::to_string(kMaxDescriptors));
    }
    const bool is_inside = table_.offset >= kHeaderBytes && table_.offset <= size &&
                           table_.bytes <= size - table_.offset &&
                           table_.data >= table_.offset + table_.bytes && table_.data <= size &&
                           table_.data_bytes <= size - table_.data;
    return is_inside ? Result<void>()
                     : invalid("its table of descriptors or its data is not inside of it");
  }

  Result<void> read_descriptors() {
    std::array<std::uint8_t, kDescriptorBytes> bytes{};
    std::set<std::uint32_t> ids;
    for (std::uint64_t i = 0; i < table_.total; ++i) {
      SLUICE_TRY_VOID(source_.read_at(table_.offset + i * kDescriptorBytes, bytes));
      SLUICE_TRY_VOID(read_descriptor(bytes, ids));
    }
    return image_.objects.size() == table_.total - table_.free
               ? Result<void>()
               : invalid("as many descriptors are free as it does not say");
  }

  Result<void> read_descriptor(ByteView bytes, std::set<std::uint32_t>& ids) {
    ByteReader fields(bytes);
    Object object;
    object.type = static_cast<std::int32_t>(fields.u32());
    const std::uint8_t used = fields.u8();
    if (used == 0) {
      return {};
    }
    object.id = fields.u32();
    object.group = fields.u32() & ~kGroupMark;
    const std::uint32_t link = fields.u32();
    object.offset = fields.u64();
    object.size = fields.u64();
    const std::uint64_t padded = fields.u64();
    const std::uint64_t created = fields.u64();
    fields.u64();  // modified
    const std::uint64_t uid = fields.u64();
    const std::uint64_t gid = fields.u64();
    const ByteView name = fields.bytes(kNameBytes);
    const ByteView extra = fields.bytes(kExtraBytes);
    SLUICE_ASSERT(fields.at_end());
    object.links_group = (link & kGroupMark) == kGroupMark;
    object.link = object.links_group ? link & ~kGroupMark : link;
    if (used != 1 || object.type < kFirstType || object.type > kLastType) {
      return invalid(object, "is of no type that is known");
    }
    if (object.id == 0 || !ids.insert(object.id).second) {
      return invalid("an object's id is 0, or taken twice");
    }
    const std::uint64_t size = source_.size();
    if (object.offset < table_.data || object.offset > size || object.size > size - object.offset ||
        padded < object.size) {
      return invalid(object, "is not inside of its data");
    }
    if (object.type == kPartition && object.offset % kPartitionAlignment != 0) {
      return invalid(object, "is a partition that does not begin at a multiple of 4096");
    }
    append(object.extra, extra);
    ByteWriter head(object.signed_head);
    head.u32(static_cast<std::uint32_t>(object.type));
    head.u8(used);
    ByteWriter tail(object.signed_tail);
    tail.u32(link);
    for (const std::uint64_t field : {object.size, created, uid, gid}) {
      tail.u64(field);
    }
    tail.bytes(name);
    tail.bytes(extra);
    image_.objects.push_back(std::move(object));
    return {};
  }

  Result<void> check_overlaps() const {
    std::vector<const Object*> order;
    for (const Object& object : image_.objects) {
      if (object.size > 0) {
        order.push_back(&object);
      }
    }
    std::ranges::sort(order, {}, &Object::offset);
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (order[i - 1]->offset + order[i - 1]->size > order[i]->offset) {
        return invalid(*order[i], "lies over another");
      }
    }
    return {};
  }

  Result<void> check_links() const {
    for (const Object& object : image_.objects) {
      const bool is_there =
          object.link == 0 || std::ranges::any_of(image_.objects, [&](const Object& other) {
            return (object.links_group ? other.group : other.id) == object.link;
          });
      if (!is_there) {
        return invalid(object, "is linked to what is not there");
      }
    }
    return {};
  }

  Result<void> check_primary() const {
    bool is_found = false;
    for (const Object& object : image_.objects) {
      ByteReader extra(object.extra);
      extra.u32();  // the file system
      if (object.type != kPartition ||
          static_cast<std::int32_t>(extra.u32()) != kPrimaryPartition) {
        continue;
      }
      const auto arch = architecture(extra.bytes(3));
      if (!arch || *arch != image_.arch) {
        return invalid(object, "is for another architecture than the image");
      }
      if (std::exchange(is_found, true)) {
        return invalid("it has two primary partitions");
      }
    }
    return {};
  }

  const std::string& thing_;
  const Source& source_;
  Table table_;
  Image image_;
};

}  // namespace

Result<Image> read_image(const std::string& thing, const Source& source) {
  return Reader(thing, source).read();
}

}  // namespace sluice::sif
