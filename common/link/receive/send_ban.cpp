#include "common/link/receive/send_ban.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace sluice::link {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "add this architecture's AUDIT_ARCH value"
#endif

constexpr std::uint32_t kX32Bit = 0x40000000;  // x86: the same calls under other numbers
constexpr std::uint32_t kTypeMask = 0xf;       // below SOCK_CLOEXEC and SOCK_NONBLOCK
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

// Little-endian: the low half of an argument comes first, and all that is compared fits into it.
constexpr std::uint32_t kArgument0 = offsetof(seccomp_data, args);
constexpr std::uint32_t kArgument1 = offsetof(seccomp_data, args) + sizeof(std::uint64_t);

constexpr sock_filter load(std::uint32_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
constexpr sock_filter answer(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
constexpr sock_filter equal(std::uint32_t value, std::uint8_t then, std::uint8_t otherwise) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise);
}

// Jumps are relative to the next line.
constexpr std::array<sock_filter, 16> kFilter{{
    load(offsetof(seccomp_data, arch)),                   //  0
    equal(kArchitecture, 0, 13),                          //  1 else refuse
    load(offsetof(seccomp_data, nr)),                     //  2
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 11, 0),  //  3 refuse
    equal(SYS_io_uring_setup, 10, 0),                     //  4 refuse
    equal(SYS_socket, 0, 8),                              //  5 else allow
    load(kArgument0),                                     //  6
    equal(AF_PACKET, 7, 0),                               //  7 refuse
    equal(AF_INET, 1, 0),                                 //  8
    equal(AF_INET6, 0, 4),                                //  9 else allow
    load(kArgument1),                                     // 10
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kTypeMask),       // 11
    equal(SOCK_STREAM, 1, 0),                             // 12
    answer(kRefuse),                                      // 13
    answer(SECCOMP_RET_ALLOW),                            // 14
    answer(kRefuse),                                      // 15
}};

}  // namespace

Result<void> forbid_datagram_sockets() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return errno_error("no_new_privs", errno);
  }
  auto filter = kFilter;
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = filter.data()};
  const long outcome =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (outcome > 0) {
    return Error{ErrorCode::kIo, "seccomp filter against datagram sockets",
                 "thread " + std::to_string(outcome) + " has a filter of its own", ""};
  }
  if (outcome < 0) {
    Error error = errno_error("seccomp filter against datagram sockets", errno);
    error.cure = "the kernel needs CONFIG_SECCOMP_FILTER";
    return error;
  }
  return {};
}

}  // namespace sluice::link
