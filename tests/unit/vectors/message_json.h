// A message's fields as the vectors write them: those that are set, bytes as hexadecimal, values of
// enumerations by name as far as they have one, maps as objects.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/vectors.h"

namespace sluice::test {

using google::protobuf::FieldDescriptor;

json::object shown(const google::protobuf::Message& message);

// One value of a field; `at` is -1 unless it is repeated.
inline json::value shown(const google::protobuf::Message& message, const FieldDescriptor& field,
                         int at) {
  const auto& get = *message.GetReflection();
  const auto value = [&](auto one, auto repeated) {
    return at < 0 ? (get.*one)(message, &field) : (get.*repeated)(message, &field, at);
  };
  using Reflection = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return value(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
    case FieldDescriptor::CPPTYPE_UINT64:
      return value(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return value(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_BOOL:
      return value(&Reflection::GetBool, &Reflection::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = value(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue);
      const auto* named = field.enum_type()->FindValueByNumber(number);
      return named == nullptr ? json::value(number) : json::value(named->name());
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = value(&Reflection::GetString, &Reflection::GetRepeatedString);
      return json::value(field.type() == FieldDescriptor::TYPE_BYTES ? hex_encode(as_bytes(text))
                                                                     : text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return shown(at < 0 ? get.GetMessage(message, &field)
                          : get.GetRepeatedMessage(message, &field, at));
    default:
      ADD_FAILURE() << field.full_name() << " has a type that no message had so far";
      return nullptr;
  }
}

inline json::object shown(const google::protobuf::Message& message) {
  const auto& get = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  get.ListFields(message, &fields);
  json::object object;
  for (const FieldDescriptor* field : fields) {
    json::array values;
    json::object map;
    for (int i = 0; field->is_repeated() && i < get.FieldSize(message, field); ++i) {
      json::value one = shown(message, *field, i);
      if (field->is_map()) {
        map[one.at("key").as_string()] = one.at("value");
      } else {
        values.push_back(std::move(one));
      }
    }
    object[field->name()] = field->is_map()        ? json::value(std::move(map))
                            : field->is_repeated() ? json::value(std::move(values))
                                                   : shown(message, *field, -1);
  }
  return object;
}

}  // namespace sluice::test
