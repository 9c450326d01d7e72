# Completion of sluice-low in bash. Installed as share/bash-completion/completions/sluice-low.
_sluice_low() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' verb='' i
  COMPREPLY=()
  if [[ $before == -c || $before == --config || $before == --file ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -c | --config) ((i++)) ;;
      -*) ;;
      *)
        [[ $command == request ]] && verb=${COMP_WORDS[i]} && break
        command=${COMP_WORDS[i]}
        [[ $command == request ]] || break
        ;;
    esac
  done
  local words='-c --config --help'
  case $command in
    '') words+=' --version run init check-config show-config status tail resend request export scrub tune man' ;;
    status | tune) words+=' --json' ;;
    man) words+=' --settings' ;;
    export)
      if [[ $before == --to ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        compopt -o filenames 2>/dev/null
        return
      fi
      [[ $before == --size ]] && mapfile -t COMPREPLY < <(compgen -W 'cd dvd bluray' -- "$word") && return
      words+=' --to --size --since --resend --only --with-earlier --all --iso --by --reason --stop'
      ;;
    request)
      case $verb in
        '') words+=' add list show approve reject withdraw' ;;
        add) words+=' --source --file --by --reason --json' ;;
        list) words+=' --all --json' ;;
        show) words+=' --json' ;;
        *) words+=' --by --reason --json' ;;
      esac
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
complete -F _sluice_low sluice-low
