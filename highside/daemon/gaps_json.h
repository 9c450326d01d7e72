// /gaps, and what the low sides are to do about it.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "highside/pipeline/status.h"

namespace sluice::high {

// Of gaps that can be sent again.
struct Resend {
  boost::json::array streams;  // "stream", "shipments": all its numbers, "added": resend_code.h
  boost::json::array codes;    // "stream", "shipments", "code": the same; a stream may need several
};
Resend resend_json(const std::vector<Gap>& gaps);

// "gaps", and both of the above as "resend" and "codes".
boost::json::object gaps_json(const std::vector<Gap>& gaps);

}  // namespace sluice::high
