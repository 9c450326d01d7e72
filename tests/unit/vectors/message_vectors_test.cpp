// Every message: the vectors, the documents' tables of fields and the schemas say the same.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "sluice/apt.pb.h"
#include "sluice/file.pb.h"
#include "sluice/npm.pb.h"
#include "sluice/pypi.pb.h"
#include "sluice/shipment.pb.h"
#include "sluice/stored_access.pb.h"
#include "sluice/stored_apt.pb.h"
#include "sluice/stored_blob.pb.h"
#include "sluice/stored_ledger.pb.h"
#include "sluice/stored_request.pb.h"
#include "sluice/stored_spool.pb.h"
#include "sluice/wire.pb.h"
#include "tests/support/vectors.h"
#include "tests/unit/vectors/message_json.h"

namespace sluice::test {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;

std::filesystem::path root() { return SLUICE_SOURCE_DIR; }

// Those of proto/sluice/*.proto: a schema that is not linked here fails the test.
std::vector<const FileDescriptor*> schemas() {
  // Named, so that the linker keeps them.
  const std::vector<const Descriptor*> linked{
      proto::AptSuite::descriptor(),        proto::FileEntry::descriptor(),
      proto::NpmPackage::descriptor(),      proto::PypiProject::descriptor(),
      proto::Shipment::descriptor(),        proto::StoredAptCursor::descriptor(),
      proto::StoredBlob::descriptor(),      proto::StoredStream::descriptor(),
      proto::SpooledShipment::descriptor(), proto::StoredRequest::descriptor(),
      proto::StoredToken::descriptor(),     proto::Announce::descriptor()};
  std::vector<const FileDescriptor*> files;
  for (const auto& entry : std::filesystem::directory_iterator(root() / "proto/sluice")) {
    const std::string name = "sluice/" + entry.path().filename().string();
    const auto* file = linked[0]->file()->pool()->FindFileByName(name);
    EXPECT_NE(file, nullptr) << name << " is not linked into this test";
    if (file != nullptr) {
      files.push_back(file);
    }
  }
  return files;
}

std::vector<const Descriptor*> messages() {
  std::vector<const Descriptor*> all;
  for (const FileDescriptor* file : schemas()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      all.push_back(file->message_type(i));
    }
  }
  return all;
}

std::unique_ptr<Message> new_message(const std::string& name) {
  for (const Descriptor* type : messages()) {
    if (type->name() == name) {
      return std::unique_ptr<Message>(
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    }
  }
  ADD_FAILURE() << "no message " << name;
  return nullptr;
}

bool parses(Message& message, ByteView bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// Maps in the order of their keys, so that the same fields are always the same bytes.
Bytes written(const Message& message) {
  std::string text;
  google::protobuf::io::StringOutputStream out(&text);
  google::protobuf::io::CodedOutputStream coded(&out);
  coded.SetSerializationDeterministic(true);
  EXPECT_TRUE(message.SerializeToCodedStream(&coded));
  coded.Trim();
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

TEST(MessageVectors, HaveTheirFieldsOrAreUnreadable) {
  for (const Vector& vector : vectors_of("messages")) {
    SCOPED_TRACE(vector.name);
    const auto message = new_message(vector.text("message"));
    ASSERT_EQ(parses(*message, vector.bytes), vector.good());
    if (vector.good()) {
      expect_fields(vector.fields(), shown(*message));
    }
  }
}

TEST(MessageVectors, WhatIsWrittenIsAlike) {
  std::size_t checked = 0;
  for (const Vector& vector : vectors_of("messages")) {
    const bool plain = vector.name.ends_with("-every-field") ||
                       vector.name.ends_with("-largest-numbers") ||
                       vector.name.find("-with-") != std::string::npos;
    if (vector.good() && plain) {
      SCOPED_TRACE(vector.name);
      const auto message = new_message(vector.text("message"));
      ASSERT_TRUE(parses(*message, vector.bytes));
      EXPECT_EQ(written(*message), vector.bytes);
      ++checked;
    }
  }
  EXPECT_GE(checked, 2 * messages().size());
}

TEST(MessageVectors, CutAnywhereTheyAreReadBetweenFieldsOnly) {
  for (const Vector& vector : vectors_of("messages")) {
    SCOPED_TRACE(vector.name);
    json::array readable;
    for (std::size_t size = 0; vector.good() && size <= vector.bytes.size(); ++size) {
      if (parses(*new_message(vector.text("message")), ByteView(vector.bytes).first(size))) {
        readable.push_back(size);
      }
    }
    if (vector.good()) {
      expect_fields(vector.all.at("readable_prefixes"), readable);
    }
  }
}

void note_fields(const Message& message, std::set<const FieldDescriptor*>& seen) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  seen.insert(fields.begin(), fields.end());
}

TEST(MessageVectors, EveryFieldOfEveryMessageHasOne) {
  std::set<const FieldDescriptor*> seen;
  for (const Vector& vector : vectors_of("messages")) {
    const auto message = new_message(vector.text("message"));
    if (vector.good() && parses(*message, vector.bytes)) {
      note_fields(*message, seen);
    }
  }
  for (const Descriptor* type : messages()) {
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_TRUE(seen.contains(type->field(i))) << type->field(i)->full_name();
    }
  }
}

// The documents' blocks "```fields NAME" and "```values NAME", without remarks.
std::map<std::string, std::string> tables() {
  std::map<std::string, std::string> found;
  for (const char* name : {"docs/protocol.md", "docs/storage.md"}) {
    std::ifstream file(root() / name);
    std::string title;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("```fields ") || line.starts_with("```values ")) {
        title = line.substr(3);
        found[title];
      } else if (line == "```") {
        title.clear();
      } else if (!title.empty()) {
        found[title] += std::string(trim(line.substr(0, line.find(';')))) + "\n";
      }
    }
  }
  return found;
}

std::string type_name(const FieldDescriptor& field) {
  if (field.is_map()) {
    const Descriptor& entry = *field.message_type();
    return "map<" + type_name(*entry.map_key()) + "," + type_name(*entry.map_value()) + ">";
  }
  const std::string name = field.enum_type() != nullptr      ? field.enum_type()->name()
                           : field.message_type() != nullptr ? field.message_type()->name()
                                                             : field.type_name();
  return name + (field.is_repeated() ? "*" : "");
}

std::string table_of(const Descriptor& type) {
  std::string table;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    table += std::to_string(field.number()) + " " + field.name() + " " + type_name(field) + "\n";
  }
  return table;
}

std::string table_of(const EnumDescriptor& type) {
  std::string table;
  for (int i = 0; i < type.value_count(); ++i) {
    table += std::to_string(type.value(i)->number()) + " " + type.value(i)->name() + "\n";
  }
  return table;
}

TEST(MessageVectors, TheDocumentsTablesAreTheSchemas) {
  std::map<std::string, std::string> expected;
  for (const FileDescriptor* file : schemas()) {
    for (int i = 0; i < file->enum_type_count(); ++i) {
      expected["values " + file->enum_type(i)->name()] = table_of(*file->enum_type(i));
    }
  }
  for (const Descriptor* type : messages()) {
    expected["fields " + type->name()] = table_of(*type);
    for (int i = 0; i < type->enum_type_count(); ++i) {
      const EnumDescriptor& values = *type->enum_type(i);
      expected["values " + type->name() + "." + values.name()] = table_of(values);
    }
  }
  EXPECT_EQ(tables(), expected);
}

}  // namespace
}  // namespace sluice::test
