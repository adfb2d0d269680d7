/** Refusals of the hub, by the codes of docs/errors.md, as whoever changes settings is told them. */
import type { Threefold } from './threefold.ts'

const all = <T extends Record<string, Threefold>>(words: T): T => words

export const problemWords = all({
  'request-invalid': ['填写的内容不符合要求', '填寫的內容不符合要求', 'Something here cannot be accepted'],
  'channel-settings-invalid': ['渠道设置不符合要求', '管道設定不符合要求', 'These settings do not fit this channel'],
  'version-stale': [
    '已被他人修改，请刷新后再试',
    '已被他人修改，請重新整理後再試',
    'Somebody else has changed this; reload and try again',
  ],
  'group-unknown': ['技能组不存在', '技能組不存在', 'There is no such skill group'],
  'member-email-taken': ['该邮箱已被使用', '此信箱已被使用', 'This e-mail is in use already'],
  'member-number-taken': ['该工号已被使用', '此工號已被使用', 'This number is in use already'],
  'password-wrong': ['当前密码不正确', '目前密碼不正確', 'The current password is wrong'],
  'plan-invalid': ['分配计划无法执行', '分配計畫無法執行', 'This plan cannot be followed'],
  'scope-unknown': ['权限范围不存在', '權限範圍不存在', 'There is no such scope'],
  'endpoint-url-refused': ['不允许调用该网址', '不允許呼叫此網址', 'This address may not be called'],
  'event-type-unknown': ['没有这种事件', '沒有這種事件', 'There are no events of this type'],
  'speech-missing': [
    '还没有语音服务，请先在“语音服务”里设置',
    '還沒有語音服務，請先在「語音服務」裡設定',
    'There is no speech service yet: set one under “Speech”',
  ],
  'speech-url-refused': ['不允许调用该网址', '不允許呼叫此網址', 'This address may not be called'],
  'call-plan-invalid': ['流程里有无法到达的去向', '流程裡有無法到達的去向', 'Something here leads nowhere'],
  'extension-taken': ['该分机号已被使用', '此分機號碼已被使用', 'This extension is in use already'],
  'file-too-large': ['文件太大', '檔案太大', 'The file is too large'],
  'picture-refused': ['图片无法识别或过大', '圖片無法辨識或過大', 'The picture cannot be read, or is too large'],
})

/** What validators say of a member, by how it begins. */
export const detailWords = all({
  'must match format "uri"': [
    '请填写完整的网址，如 https://…',
    '請填寫完整的網址，如 https://…',
    'must be a whole address, as https://…',
  ],
  'must match pattern': ['格式不正确', '格式不正確', 'does not have the right form'],
  'must NOT have fewer than': ['内容太短或为空', '內容太短或為空', 'is too short or empty'],
  'must NOT have more than': ['内容太长或太多', '內容太長或太多', 'is too long, or too many'],
  'must NOT have duplicate': ['有重复的内容', '有重複的內容', 'holds the same twice'],
  'must have required property': ['必填', '必填', 'is required'],
  'is required': ['必填', '必填', 'is required'],
  'must be >=': ['数值太小', '數值太小', 'is too small'],
  'must be <=': ['数值太大', '數值太大', 'is too large'],
  'must be equal to one of': ['请从选项中选择', '請從選項中選擇', 'is none of the choices'],
  'must be integer': ['请填写整数', '請填寫整數', 'must be a whole number'],
  'must be number': ['请填写数字', '請填寫數字', 'must be a number'],
  'may not be called': ['不允许调用该网址', '不允許呼叫此網址', 'may not be called'],
  'names no skill group': ['技能组不存在', '技能組不存在', 'names no skill group'],
  'is before the step': ['不能早于上一步', '不能早於上一步', 'is before the step that precedes it'],
  'names no menu of the plan': ['菜单不存在', '選單不存在', 'names no menu'],
  'needs voicemail in the plan': ['请先开启留言', '請先開啟留言', 'needs voicemail to be on'],
  'leads back into a queue': [
    '排队时的按键不能再进入队列或菜单',
    '排隊時的按鍵不能再進入佇列或選單',
    'leads back into a queue or menu',
  ],
  'names no sound': ['音频不可用，请重新上传', '音訊不可用，請重新上傳', 'names no sound that can be used'],
  'names no picture': ['图片不可用，请重新上传', '圖片不可用，請重新上傳', 'names no picture that can be used'],
  'is taken': ['已被使用', '已被使用', 'is taken'],
})
