import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quotedFrom } from '../../../../src/connectors/email/quotes.ts'

/** Each begins with an answer of one line and a blank one; what follows is quoted. */
const clients: Record<string, string> = {
  'Gmail in English':
    'On Tue, Jan 2, 2024 at 10:00 AM Example Shop <support@shop.example> wrote:\n\n> Good morning\n> bye',
  'Gmail in English, broken over two lines':
    'On Tue, Jan 2, 2024 at 10:00 AM Example Shop\n<support@shop.example> wrote:\n\n> Good morning',
  'Gmail in 简体': '示例商店 <support@shop.example> 于2024年1月2日周二 10:00写道：\n\n> 早上好',
  'Gmail in 繁體': '範例商店 <support@shop.example> 於 2024年1月2日 週二 上午10:00寫道：\n\n> 早安',
  'Apple Mail in 简体': '> 在 2024年1月2日，上午10:00，示例商店 <support@shop.example> 写道：\n> \n> 早上好',
  'Apple Mail without marks': '在 2024年1月2日，上午10:00，示例商店 <support@shop.example> 写道：\n\n早上好',
  'NetEase 163': '在 2024-01-02 10:00:00，"示例商店" <support@shop.example> 写道：\n早上好\n再见',
  'NetEase in English': 'At 2024-01-02 10:00:00, "Shop" <support@shop.example> wrote:\nGood morning',
  'QQ Mail':
    '------------------ 原始邮件 ------------------\n发件人: "示例商店" <support@shop.example>;\n发送时间: 2024年1月2日(星期二) 上午10:00\n主题: 订单',
  Foxmail: '-----原始邮件-----\n发件人: 示例商店\n\n早上好',
  'Outlook in 简体':
    '发件人: 示例商店 <support@shop.example>\n发送时间: 2024年1月2日 10:00\n收件人: 李雷\n主题: 订单\n\n早上好',
  'Outlook in 繁體': '寄件者: 範例商店\n寄件日期: 2024年1月2日 10:00\n收件者: 李雷\n主旨: 訂單\n\n早安',
  'Outlook in English, with its rule':
    '________________________________\nFrom: Shop <support@shop.example>\nSent: Tuesday, January 2, 2024 10:00\nTo: Li\nSubject: Order\n\nGood morning',
  'Outlook Express': '-----Original Message-----\nFrom: Shop\n\nGood morning',
  'Outlook in Japanese':
    '差出人: 店 <support@shop.example>\n送信日時: 2024年1月2日 10:00\n宛先: 山田\n件名: 注文\n\nおはよう',
  'Gmail in Japanese': '2024年1月2日(火) 10:00 例の店 <support@shop.example>:\n\n> おはよう',
  'Apple Mail in Japanese': '2024/01/02 10:00、例の店 <support@shop.example>のメール:\n\n> おはよう',
  'Thunderbird in Japanese': '例の店 さんは書きました:\n> おはよう',
  'Gmail in French': 'Le mar. 2 janv. 2024 à 10:00, La boutique <support@shop.example> a écrit :\n\n> Bonjour',
  'Outlook in French': 'De : La boutique\nEnvoyé : mardi 2 janvier 2024 10:00\nÀ : Li\nObjet : Commande\n\nBonjour',
  'Gmail in German': 'Am Di., 2. Jan. 2024 um 10:00 Uhr schrieb Der Laden <support@shop.example>:\n\n> Guten Morgen',
  'Thunderbird in German': 'Am 02.01.2024 um 10:00 schrieb Der Laden:\n> Guten Morgen',
  'Outlook in German':
    'Von: Der Laden\nGesendet: Dienstag, 2. Januar 2024 10:00\nAn: Li\nBetreff: Bestellung\n\nGuten Morgen',
  'marks alone': '> Good morning\n> bye',
}

describe('the quoted mail in an answer', () => {
  it.each(Object.entries(clients))('is found as %s writes it', (_, quoted) => {
    const answer = '好的，谢谢 Thanks\n\n'
    expect(quotedFrom(answer + quoted)).toBe(answer.length)
  })

  it('is not folded away where the answer stands within it or below it', () => {
    const within = 'Hello\n\nOn Tue, Jan 2, 2024 Shop wrote:\n> Which size?\n\n42\n\n> Which colour?\n\nBlue'
    expect(quotedFrom(within)).toBeUndefined()
    expect(quotedFrom('> Which size?\n\n42')).toBeUndefined()
  })

  it('is not folded away where nothing else was said', () => {
    expect(quotedFrom('-----Original Message-----\nFrom: Shop\n\nGood morning')).toBeUndefined()
    expect(quotedFrom('\n\n> Good morning')).toBeUndefined()
  })

  it.each([
    'On Tuesday my sister wrote: it is broken.\nPlease help.',
    'From: Shanghai\nPlease send it.',
    '我在淘宝上写道：质量很好',
    'Am Montag schrieb ich Ihnen, ohne Antwort.',
    '发件人是谁？',
  ])('is not seen where people only speak: %s', (text) => {
    expect(quotedFrom(text)).toBeUndefined()
  })

  it('begins within the text, at the beginning of a line', () => {
    const line = fc.constantFrom(
      '',
      'Hello',
      '> quoted',
      'On 1 Jan 2024 Li wrote:',
      'From: a',
      'To: b',
      'Date: c',
      '写道：',
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = lines.join('\n')
        const found = quotedFrom(text)
        if (found === undefined) return
        expect(found).toBeGreaterThan(0)
        expect(found).toBeLessThan(text.length)
        expect(text[found - 1]).toBe('\n')
      }),
    )
  })
})
