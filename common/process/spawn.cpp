#include "common/process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "common/base/text.h"

namespace sluice::process {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Package {
  std::string_view program;
  std::string_view debian_package;
};
constexpr std::array kPackages{
    Package{"npm", "npm"},         Package{"node", "nodejs"},
    Package{"apt-get", "apt"},     Package{"gpgv", "gpgv"},
    Package{"gpg", "gpg"},         Package{"apt-ftparchive", "apt-utils"},
    Package{"python3", "python3"},
};

std::string cure_for(std::string_view program) {
  for (const Package& known : kPackages) {
    if (program == known.program) {
      return "apt-get install " + std::string(known.debian_package);
    }
  }
  return "install it, or correct PATH";
}

bool is_executable_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::filesystem::path> find_program(const Command& command) {
  const std::string& name = command.arguments[0];
  if (name.find('/') != std::string::npos) {
    if (is_executable_file(name)) {
      return std::filesystem::path(name);
    }
    return Error{ErrorCode::kNotFound, name, "is not there or cannot be executed",
                 cure_for(std::filesystem::path(name).filename().string())};
  }
  const auto set = command.environment.find("PATH");
  const std::string_view folders = set == command.environment.end() ? kDefaultPath : set->second;
  for (const std::string_view folder : split(folders, ':')) {
    std::filesystem::path path = std::filesystem::path(folder) / name;
    // An empty or relative entry of PATH would run what lies in the working directory.
    if (path.is_absolute() && is_executable_file(path)) {
      return path;
    }
  }
  return Error{ErrorCode::kNotFound, name, "no such program in " + std::string(folders),
               cure_for(name)};
}

// A file in memory rather than a pipe: nothing to pump, and no SIGPIPE if the program does not
// read.
Result<Descriptor> standard_input(const std::string& text) {
  if (text.empty()) {
    Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return null.open() ? Result<Descriptor>(std::move(null)) : errno_error("/dev/null", errno);
  }
  Descriptor file(::memfd_create("standard-input", MFD_CLOEXEC));
  if (!file.open()) {
    return errno_error("standard input", errno);
  }
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put =
        ::pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (put < 0 && errno != EINTR) {
      return errno_error("standard input", errno);
    }
    done += put > 0 ? static_cast<std::size_t>(put) : 0;
  }
  return file;
}

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return errno_error("pipe", errno);
  }
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) {
    return errno_error("pipe", errno);
  }
  return pipe;
}

// glibc 2.36 declares pidfd_open without C linkage, so that C++ cannot call it.
Descriptor pidfd_open(pid_t process) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

// What posix_spawn does between fork and exec.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  void set_up(int input, int output, int error, const std::string& folder) {
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, error, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    // The daemon blocks the signals that it takes through a descriptor and ignores SIGPIPE; neither
    // is for the program to inherit.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }

  int start(pid_t& process, const std::string& program, char* const* arguments,
            char* const* environment) {
    return ::posix_spawn(&process, program.c_str(), &actions_, &attributes_, arguments,
                         environment);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

void Descriptor::reset() {
  if (value_ >= 0) {
    ::close(std::exchange(value_, -1));
  }
}

Child::Child(pid_t process, Descriptor handle, Descriptor output, Descriptor error)
    : process_(process),
      handle_(std::move(handle)),
      output_(std::move(output)),
      error_(std::move(error)) {}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      handle_(std::move(other.handle_)),
      output_(std::move(other.output_)),
      error_(std::move(other.error_)) {}

Child::~Child() {
  if (process_ > 0) {
    end();
  }
}

int Child::end() {
  SLUICE_ASSERT(process_ > 0);
  const pid_t process = std::exchange(process_, 0);
  // Before it is reaped: until then its number, and so its group's, cannot be given to another.
  ::kill(-process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<Child> spawn(const Command& command) {
  if (command.arguments.empty()) {
    return Error{ErrorCode::kInvalid, "command", "has no arguments", ""};
  }
  SLUICE_TRY(const std::filesystem::path program, find_program(command));
  const std::filesystem::path folder =
      command.working_directory.empty() ? "/" : command.working_directory;
  std::error_code unreadable;
  if (!std::filesystem::is_directory(folder, unreadable)) {
    return Error{ErrorCode::kInvalid, folder.string(),
                 "is no folder to run " + command.arguments[0] + " in", ""};
  }
  SLUICE_TRY(const Descriptor input, standard_input(command.standard_input));
  SLUICE_TRY(Pipe output, make_pipe());
  SLUICE_TRY(Pipe error, make_pipe());

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment;
  environment.reserve(command.environment.size());
  for (const auto& [name, value] : command.environment) {
    std::string variable = name;
    environment.push_back(variable.append("=").append(value));
  }
  SpawnPlan plan;
  plan.set_up(input.get(), output.write.get(), error.write.get(), folder.string());
  pid_t process = 0;
  const int failure = plan.start(process, program.string(), pointers_to(arguments).data(),
                                 pointers_to(environment).data());
  if (failure != 0) {
    return errno_error(program.string(), failure);
  }
  Child child(process, pidfd_open(process), std::move(output.read), std::move(error.read));
  if (child.handle() < 0) {
    return errno_error("pidfd of " + program.string(), errno);
  }
  return child;
}

}  // namespace sluice::process
