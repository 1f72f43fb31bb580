/** The commonest emoji by the names they have in messages. A skin tone is a character of its own, put behind a hand. */

const NAMED = `
  +1 👍  -1 👎  thumbsup 👍  thumbsdown 👎  clap 👏  wave 👋  raised_hands 🙌  raised_hand ✋
  pray 🙏  muscle 💪  point_right 👉  point_left 👈  point_up ☝️  point_down 👇  ok_hand 👌
  handshake 🤝  v ✌️  crossed_fingers 🤞  fist ✊  writing_hand ✍️  skin-tone-2 🏻
  skin-tone-3 🏼  skin-tone-4 🏽  skin-tone-5 🏾  skin-tone-6 🏿  smile 😄  smiley 😃  grin 😁
  grinning 😀  laughing 😆  joy 😂  sweat_smile 😅  slightly_smiling_face 🙂  upside_down_face 🙃
  wink 😉  blush 😊  heart_eyes 😍  sunglasses 😎  thinking_face 🤔  neutral_face 😐  confused 😕
  worried 😟  disappointed 😞  cry 😢  sob 😭  angry 😠  rage 😡  scream 😱  flushed 😳  sleeping 😴
  relieved 😌  sweat 😓  tired_face 😫  face_with_rolling_eyes 🙄  shrug 🤷  see_no_evil 🙈
  hugging_face 🤗  partying_face 🥳  star-struck 🤩  smirk 😏  stuck_out_tongue 😛
  exploding_head 🤯  heart ❤️  broken_heart 💔  yellow_heart 💛  green_heart 💚  blue_heart 💙
  purple_heart 💜  black_heart 🖤  sparkling_heart 💖  white_check_mark ✅  heavy_check_mark ✔️
  ballot_box_with_check ☑️  x ❌  heavy_multiplication_x ✖️  negative_squared_cross_mark ❎
  heavy_plus_sign ➕  heavy_minus_sign ➖  exclamation ❗  question ❓  grey_question ❔
  bangbang ‼️  warning ⚠️  no_entry ⛔  no_entry_sign 🚫  octagonal_sign 🛑
  information_source ℹ️  recycle ♻️  sos 🆘  new 🆕  free 🆓  up 🆙  cool 🆒  100 💯  hash #️⃣
  zero 0️⃣  one 1️⃣  two 2️⃣  three 3️⃣  four 4️⃣  five 5️⃣  six 6️⃣  seven 7️⃣
  eight 8️⃣  nine 9️⃣  keycap_ten 🔟  arrow_right ➡️  arrow_left ⬅️  arrow_up ⬆️
  arrow_down ⬇️  arrow_upper_right ↗️  arrow_lower_right ↘️  arrows_counterclockwise 🔄
  leftwards_arrow_with_hook ↩️  arrow_forward ▶️  rewind ⏪  fast_forward ⏩  repeat 🔁
  red_circle 🔴  large_blue_circle 🔵  white_circle ⚪  black_circle ⚫  large_green_circle 🟢
  large_yellow_circle 🟡  large_orange_circle 🟠  large_purple_circle 🟣  red_square 🟥
  large_green_square 🟩  large_yellow_square 🟨  large_blue_square 🟦  white_large_square ⬜
  black_large_square ⬛  small_blue_diamond 🔹  small_orange_diamond 🔸  star ⭐  star2 🌟
  sparkles ✨  dizzy 💫  boom 💥  zap ⚡  fire 🔥  tada 🎉  confetti_ball 🎊  balloon 🎈  gift 🎁
  trophy 🏆  medal 🏅  rocket 🚀  airplane ✈️  ship 🚢  package 📦  mailbox_with_mail 📬
  inbox_tray 📥  outbox_tray 📤  envelope ✉️  email ✉️  incoming_envelope 📨  bell 🔔
  no_bell 🔕  speech_balloon 💬  thought_balloon 💭  mega 📣  loudspeaker 📢  memo 📝  pencil 📝
  pencil2 ✏️  clipboard 📋  page_facing_up 📄  bookmark 🔖  bookmark_tabs 📑  book 📖  books 📚
  link 🔗  paperclip 📎  pushpin 📌  round_pushpin 📍  scissors ✂️  calendar 📆  date 📅
  spiral_calendar_pad 🗓️  alarm_clock ⏰  clock1 🕐  hourglass ⌛  hourglass_flowing_sand ⏳
  stopwatch ⏱️  timer_clock ⏲️  bulb 💡  mag 🔍  mag_right 🔎  key 🔑  lock 🔒  unlock 🔓
  wrench 🔧  hammer 🔨  hammer_and_wrench 🛠️  gear ⚙️  toolbox 🧰  construction 🚧
  rotating_light 🚨  chart_with_upwards_trend 📈  chart_with_downwards_trend 📉  bar_chart 📊
  moneybag 💰  dollar 💵  credit_card 💳  computer 💻  iphone 📱  telephone ☎️  camera 📷  art 🎨
  dart 🎯  jigsaw 🧩  label 🏷️  wastebasket 🗑️  shield 🛡️  triangular_flag_on_post 🚩
  checkered_flag 🏁  white_flag 🏳️  eyes 👀  eye 👁️  brain 🧠  robot_face 🤖  ghost 👻  skull 💀
  dog 🐶  cat 🐱  bug 🐛  beetle 🐞  ant 🐜  bee 🐝  turtle 🐢  snail 🐌  whale 🐳  unicorn_face 🦄
  seedling 🌱  evergreen_tree 🌲  deciduous_tree 🌳  four_leaf_clover 🍀  rose 🌹  sunflower 🌻
  sunny ☀️  cloud ☁️  umbrella ☔  snowflake ❄️  rainbow 🌈  earth_africa 🌍
  globe_with_meridians 🌐  coffee ☕  tea 🍵  beer 🍺  pizza 🍕  cake 🍰  birthday 🎂  cookie 🍪
  apple 🍎  bust_in_silhouette 👤  busts_in_silhouette 👥
`;

/** @type {Map<string, string>} the character by the name without colons */
export const EMOJI = new Map(
  NAMED.trim()
    .split(/\s{2,}/)
    .map((pair) => pair.split(" ")),
);
