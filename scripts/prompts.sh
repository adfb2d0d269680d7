#!/usr/bin/env bash
# Makes the prompts that the hub ships (config/prompts): spoken by espeak-ng, which asks nothing for what it speaks; tones and music by ffmpeg
# from sines. WAV, one channel, 8 kHz, mu-law, silence cut off at both ends. Needs Debian's espeak-ng and ffmpeg.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
made=config/prompts
shape=(-ac 1 -ar 8000 -c:a pcm_mulaw -map_metadata -1 -fflags +bitexact -flags:a +bitexact)
cut='silenceremove=start_periods=1:start_threshold=-45dB,areverse,silenceremove=start_periods=1:start_threshold=-45dB,areverse'

# say LANGUAGE VOICE SPEED NAME TEXT...
say() {
  local language=$1 voice=$2 speed=$3 name=$4
  shift 4
  mkdir -p "$made/$language"
  espeak-ng -v "$voice" -s "$speed" -a 160 --stdout "$*" |
    ffmpeg -loglevel error -y -i - -af "highpass=f=150,$cut,apad=pad_dur=0.06" "${shape[@]}" "$made/$language/$name.wav"
}
zh() { say zh cmn 190 "$@"; }
en() { say en en-us 150 "$@"; }

names=(零 一 二 三 四 五 六 七 八 九 十)
for n in "${!names[@]}"; do zh "$n" "${names[$n]}"; done
zh 100 百
zh 1000 千
zh 10000 万
zh position-before '您当前排在第'
zh position-after '位'
zh wait-before '预计等待'
zh wait-minute '分钟'
zh wait-minutes '分钟'
zh wait-soon '预计等待不到一分钟'
zh welcome '您好，欢迎致电'
zh busy '客服人员正忙，请稍候'
zh notice '为保证服务质量，您的通话将被录音'
zh closed '您好，现在是非工作时间，请在工作时间再次来电'
zh menu-invalid '输入有误，请重新输入'
zh message-before '请在提示音后留言，按井号键结束'
zh message-after '您的留言已保存，感谢来电，再见'
zh survey '请对本次服务评分，五分为非常满意，一分为非常不满意，请按键'
zh survey-after '感谢您的评价，再见'
zh transfer '正在为您转接，请稍候'
zh press-one '您有一个来电，接听请按一'
zh callback '如需我们回电，请按一'
zh callback-after '我们会尽快给您回电，再见'
zh goodbye '感谢来电，再见'

for n in {0..20} 30 40 50 60 70 80 90; do en "$n" "$n"; done
en 100 hundred
en 1000 thousand
en position-before 'You are number'
en position-after 'in the queue.'
en wait-before 'The estimated waiting time is'
en wait-minute 'minute.'
en wait-minutes 'minutes.'
en wait-soon 'The estimated waiting time is less than one minute.'
en welcome 'Hello, and welcome.'
en busy 'All our agents are busy. Please stay on the line.'
en notice 'To assure the quality of our service, this call will be recorded.'
en closed 'We are closed at the moment. Please call again during our opening hours.'
en menu-invalid 'That is not a valid choice. Please try again.'
en message-before 'Please leave a message after the tone, and press the pound key when you are done.'
en message-after 'Your message was saved. Thank you for calling. Goodbye.'
en survey 'Please rate our service: from five, very satisfied, down to one, very dissatisfied.'
en survey-after 'Thank you for your rating. Goodbye.'
en transfer 'Please hold while we transfer your call.'
en press-one 'You have a call. Press one to accept it.'
en callback 'To be called back, press one.'
en callback-after 'We will call you back as soon as possible. Goodbye.'
en goodbye 'Thank you for calling. Goodbye.'

ffmpeg -loglevel error -y -f lavfi -i 'sine=f=1000:d=0.4:r=8000' -af 'volume=0.5,afade=t=out:st=0.35:d=0.05' "${shape[@]}" "$made/beep.wav"
# Twelve soft chords of two seconds, of our own: each note swells and fades.
chords=(262 330 392 220 262 330 175 220 262 196 247 294 262 330 392 165 196 247 175 220 262 196 247 294 220 262 330 175 220 262 196 247 294 262 330 523)
inputs=() filter='' joined=''
for c in $(seq 0 11); do
  sum="0"
  for n in 0 1 2; do
    f=${chords[$((c * 3 + n))]}
    sum="$sum+0.08*sin(2*PI*$f*t)*pow(sin(PI*min(1\,max(0\,(t-$n*0.25)/1.5)))\,2)"
  done
  inputs+=(-f lavfi -i "aevalsrc=$sum:s=8000:d=2")
  joined="$joined[$c:a]"
done
ffmpeg -loglevel error -y "${inputs[@]}" -filter_complex "${joined}concat=n=12:v=0:a=1" "${shape[@]}" "$made/music.wav"
