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
  'Foxmail 7': '发件人： 示例商店\n发送时间： 2024-01-02 10:00\n收件人： 李雷\n主题： 订单\n早上好',
  'QQ Mail on a phone':
    '---原始邮件---\n发件人:"示例商店"<support@shop.example>\n发送时间:2024年1月2日(星期二) 上午10:00',
  'QQ Mail since 2023':
    '原始邮件\n\n发件人：示例商店 <support@shop.example>\n发件时间：2024年1月2日 10:00\n收件人：李雷\n主题：订单',
  'NetEase Mail Master':
    '---- 回复的原邮件 ----\n| 发件人 | 示例商店<support@shop.example> |\n| 日期 | 2024年01月02日 10:00 |\n| 收件人 | 李雷 |\n| 主题 | 订单 |',
  'NetEase Mail Master in English':
    '---- Replied Message ----\n| From | Shop<support@shop.example> |\n| Date | 01/02/2024 10:00 |',
  Aliyun:
    '------------------------------------------------------------------\n发件人：示例商店 <support@shop.example>\n发送时间：2024年1月2日(星期二) 10:00\n收件人：李雷\n主　题：订单\n\n早上好',
  'Outlook on the web in 简体': '发件人: 示例商店\n日期: 星期二, 2024年1月2日 10:00\n收件人: 李雷\n主题: 订单',
  'Apple Mail in English': '> On 2 Jan 2024, at 10:00, Shop <support@shop.example> wrote:\n> \n> Good morning',
  'Apple Mail since macOS 10.15':
    'On Jan 2, 2024, at 10:00\u202fAM, Shop <support@shop.example> wrote:\n\nGood morning',
  'Yahoo in English':
    'On Tuesday, January 2, 2024 at 10:00:00 AM GMT+8, Shop <support@shop.example> wrote:\n\nGood morning',
  'Yahoo in Japanese':
    '----- Original Message -----\n\n差出人: 例の店 <support@shop.example>\n宛先: 山田\n日付: 2024/01/02 火 10:00\n件名: 注文',
  'Gmail in Japanese, without a name': '2024年1月2日(火) 午前10:00 <support@shop.example>:\n> おはよう',
  'Apple Mail in Japanese since iOS 13': '2024/01/02 10:00、例の店 <support@shop.example>のメール：\n\n> おはよう',
  'Outlook in Japanese, from':
    'From: 例の店 <support@shop.example>\nSent: Tuesday, January 2, 2024 10:00 AM\nTo: 山田\nSubject: 注文\n\nおはよう',
  'Becky! in Japanese': 'On Tue, 2 Jan 2024 10:00:00 +0900\n例の店 <support@shop.example> wrote:\n\n> おはよう',
  'Thunderbird in Chinese': '在 2024/1/2 10:00, 示例商店 写道:\n> 早上好',
  'Thunderbird in English': 'On 1/2/24 10:00, Shop wrote:\n> Good morning',
  'Thunderbird in French': 'Le 02/01/2024 à 10:00, La boutique a écrit :\n> Bonjour',
  'Apple Mail in French': '> Le 2 janv. 2024 à 10:00, La boutique <support@shop.example> a écrit :\n> \n> Bonjour',
  'Orange in French':
    '> Message du 02/01/24 10:00\n> De : "La boutique"\n> A : li@customers.example\n> Objet : Commande',
  'Outlook in French, forwarded': '-----Message d’origine-----\nDe : La boutique\n\nBonjour',
  'Apple Mail in German': '> Am 02.01.2024 um 10:00 schrieb Der Laden <support@shop.example>:\n> \n> Guten Morgen',
  'GMX in German':
    'Gesendet: Dienstag, 02. Januar 2024 um 10:00 Uhr\nVon: "Der Laden" <support@shop.example>\nAn: li@customers.example\nBetreff: Bestellung\n\nGuten Morgen',
  'Outlook in German, from a phone':
    '________________________________\nVon: Der Laden <support@shop.example>\nGesendet: Dienstag, Januar 2, 2024 10:00:00 AM\nAn: Li <li@customers.example>\nBetreff: Bestellung',
  'Proton in English':
    '\u2010\u2010\u2010\u2010\u2010\u2010\u2010 Original Message \u2010\u2010\u2010\u2010\u2010\u2010\u2010\nOn Tuesday, January 2nd, 2024 at 10:00, Shop <support@shop.example> wrote:\n\n> Good morning',
  'WeCom mail':
    '------------------ Original ------------------\nFrom:  "示例商店"<support@shop.example>;\nDate:  Tue, Jan 2, 2024 10:00 AM\nTo:  "li"<li@customers.example>;\nSubject:  订单',
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
    '日期：1月2日\n时间：上午\n请送到店里',
    'To: whom it may concern\nSubject: my order\nDate: yesterday',
    '----------\nThanks',
    'Original\n\nnot a copy',
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
