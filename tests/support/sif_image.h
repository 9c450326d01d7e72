// SIF images as a test wants them: written here after the format's description, so that the reader
// is not held against itself. tests/end_to_end/sif_test.py has those of the reference
// implementation.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/hasher.h"
#include "common/base/text.h"

namespace sluice::test {

inline constexpr std::uint32_t kSifGroup = 0xf0000000;

struct SifObject {
  std::uint32_t type = 0x4004;  // a partition
  std::uint32_t group = kSifGroup | 1;
  std::uint32_t link = 0;
  std::string data{};
  std::string extra{};  // of a partition squashfs, primary, amd64 where it is empty
};

// What a field of the bytes is changed to, for what is not sound.
struct SifImage {
  static constexpr std::size_t kTable = 128;
  static constexpr std::size_t kDescriptor = 585;

  std::vector<SifObject> objects;
  std::size_t spare = 1;  // descriptors that are free

  static std::string little(std::uint64_t value, std::size_t width) {
    std::string bytes;
    for (std::size_t i = 0; i < width; ++i) {
      bytes += static_cast<char>(value >> (8 * i));
    }
    return bytes;
  }
  static std::string padded(std::string text, std::size_t width) {
    text.resize(width, '\0');
    return text;
  }
  static std::string extra_of(const SifObject& object) {
    const bool is_partition = object.type == 0x4004 && object.extra.empty();
    return padded(is_partition ? little(1, 4) + little(2, 4) + padded("02", 3) : object.extra, 384);
  }
  static std::string signed_header() {
    return padded("#!/usr/bin/env run-singularity\n", 32) + padded("SIF_MAGIC", 10) +
           padded("01", 3) + "0123456789abcdef";
  }

  std::size_t data_offset() const { return kTable + (objects.size() + spare) * kDescriptor; }
  // Partitions begin at multiples of 4096.
  std::vector<std::size_t> offsets() const {
    std::vector<std::size_t> offsets;
    std::size_t at = data_offset();
    for (const SifObject& object : objects) {
      at = object.type == 0x4004 ? (at + 4095) / 4096 * 4096 : at;
      offsets.push_back(at);
      at += object.data.size();
    }
    return offsets;
  }

  std::string bytes() const {
    const auto at = offsets();
    const std::size_t end =
        objects.empty() ? data_offset() : at.back() + objects.back().data.size();
    const std::string fixed = signed_header();
    std::string image = fixed.substr(0, 45) + padded("02", 3) + fixed.substr(45) + little(1, 8) +
                        little(2, 8) + little(spare, 8) + little(objects.size() + spare, 8) +
                        little(kTable, 8) + little((objects.size() + spare) * kDescriptor, 8) +
                        little(data_offset(), 8) + little(end - data_offset(), 8);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const SifObject& object = objects[i];
      image += little(object.type, 4) + little(1, 1) + little(i + 1, 4) + little(object.group, 4) +
               little(object.link, 4) + little(at[i], 8) + little(object.data.size(), 8) +
               little(object.data.size(), 8) + little(3, 8) + little(4, 8) + little(5, 8) +
               little(6, 8) + padded("object", 128) + extra_of(object);
    }
    image.resize(data_offset(), '\0');
    for (std::size_t i = 0; i < objects.size(); ++i) {
      image.resize(at[i], '\0');
      image += objects[i].data;
    }
    return image;
  }

  // What a signature of the group says.
  std::string signed_text(std::uint32_t group) const {
    const auto digest = [](const std::string& text) {
      return "\"sha256:" + sha256(as_bytes(text)).hex() + "\"";
    };
    std::string text =
        R"({"version":1,"header":{"digest":)" + digest(signed_header()) + R"(},"objects":[)";
    std::size_t least = objects.size();
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const SifObject& object = objects[i];
      if (object.group != (kSifGroup | group)) {
        continue;
      }
      least = std::min(least, i);
      const std::string descriptor = little(object.type, 4) + little(1, 1) + little(i - least, 4) +
                                     little(object.link, 4) + little(object.data.size(), 8) +
                                     little(3, 8) + little(5, 8) + little(6, 8) +
                                     padded("object", 128) + extra_of(object);
      text += std::string(text.back() == '[' ? "" : ",") + R"({"relativeId":)" +
              std::to_string(i - least) + R"(,"descriptorDigest":)" + digest(descriptor) +
              R"(,"objectDigest":)" + digest(object.data) + "}";
    }
    return text + "]}";
  }
  // Adds a signature of the group; `text` is clear-signed.
  void add_signature(std::uint32_t group, std::string text) {
    objects.push_back({0x4005, kSifGroup, kSifGroup | group, std::move(text), little(1, 4)});
  }
};

}  // namespace sluice::test
