// Starts a program in its own process group with an explicit environment, and owns what must be
// closed and reaped.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "common/process/run.h"

namespace sluice::process {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset();
  int get() const { return value_; }
  bool open() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

// A running program. Its process group is killed and it is reaped when this goes.
class Child {
 public:
  Child(pid_t process, Descriptor handle, Descriptor output, Descriptor error);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  // Kills the whole group and reaps the program; returns its exit code, or 128 + signal. Once.
  int end();
  int handle() const { return handle_.get(); }  // a pidfd: readable when the program has ended
  Descriptor& output() { return output_; }      // non-blocking read ends
  Descriptor& error() { return error_; }

 private:
  pid_t process_;
  Descriptor handle_;
  Descriptor output_;
  Descriptor error_;
};

// kNotFound: no such program; kInvalid: no arguments or no such working directory.
Result<Child> spawn(const Command& command);

}  // namespace sluice::process
