# Completion of sluice-high in bash. Installed as share/bash-completion/completions/sluice-high.
_sluice_high() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i
  COMPREPLY=()
  if [[ $before == -c || $before == --config ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -c | --config) ((i++)) ;;
      -*) ;;
      *) command=${COMP_WORDS[i]} && break ;;
    esac
  done
  local words='-c --config --help'
  case $command in
    '') words+=' --version run init check-config show-config status tail gaps wanted scrub import snapshot gc token withdraw tune man' ;;
    status | tune) words+=' --json' ;;
    gaps) words+=' --code' ;;
    wanted)
      words+=' --export --json'
      [[ $before == --export ]] && words='npm pypi huggingface conda oci deb generic'
      ;;
    withdraw)
      [[ $before == withdraw ]] && words='pypi npm oci files'
      ;;
    gc) words+=' --dry-run --json' ;;
    snapshot)
      case ${COMP_WORDS[i + 1]:-} in
        create) words+=' --edition --keep-for --note' ;;
        list | diff) words+=' --json' ;;
        delete) ;;
        *) words+=' create list diff delete' ;;
      esac
      ;;
    token)
      case ${COMP_WORDS[i + 1]:-} in
        create)
          words+=' --role --namespace --expires'
          [[ $before == --role ]] && words='reader publisher admin'
          ;;
        list) words+=' --json' ;;
        revoke) ;;
        *) words+=' create list revoke' ;;
      esac
      ;;
    man) words+=' --settings' ;;
    import)
      if [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
        return
      fi
      words+=' --by --carrier --reason --custody --json --stop'
      ;;
    init)
      if [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        compopt -o filenames 2>/dev/null
        return
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _sluice_high sluice-high
