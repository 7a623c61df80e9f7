#!/bin/sh
# One camera to many screens: the picture crosses the network once for all of them.
#
#   ./camera.sh send [SOURCE]        # a file, or what ffmpeg takes; none: a test picture
#   ./camera.sh screen [COMMAND]     # none: ffplay; `cat > minute.ts` records
#
# The picture leaves by its own clock, in RTP. `groupwire streams` and VLC list it.
set -eu

case "${1:-}" in
send)
  if [ -n "${2:-}" ]; then
    set -- -i "$2" -c copy
  else
    set -- -f lavfi -i "testsrc=size=640x360:rate=25" -t "${LENGTH:-3600}" \
      -c:v mpeg2video -g 12 -b:v 2M
  fi
  ffmpeg -loglevel error -nostdin "$@" -f mpegts - |
    groupwire pipe --send --format rtp --announce "Gate camera"
  ;;
screen)
  shift
  [ "$#" -gt 0 ] || set -- ffplay -loglevel error -
  groupwire pipe --receive --format rtp --stall 5 | "$@"
  ;;
*)
  echo "usage: $0 send [SOURCE] | screen [COMMAND...]" >&2
  exit 2
  ;;
esac
