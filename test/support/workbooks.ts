/** Workbooks for tests: as our writer makes them, and of parts put together by hand, as others do. */
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import { writeXlsx } from '../../src/core/platform/xlsx-writer.ts'

export function workbook(rows: readonly (readonly string[])[]): Promise<Buffer> {
  return buffer(
    writeXlsx(
      (async function* () {
        yield* rows
      })(),
    ),
  )
}

export function zipOf(parts: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(parts)) zip.addBuffer(Buffer.from(content), name)
  zip.end()
  return buffer(zip.outputStream)
}

/** Shared texts, rich text, phonetic readings, dates by built-in and own formats, numbers, gaps, a sheet that is not the first file. */
export const foreignWorkbook = {
  'xl/workbook.xml':
    '<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="客户" sheetId="7" r:id="rId9"/><sheet name="b" sheetId="8" r:id="rId1"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels':
    '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId9" Target="/xl/worksheets/own.xml"/></Relationships>',
  'xl/styles.xml':
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="165" formatCode="0.00&quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>',
  'xl/sharedStrings.xml':
    '<sst><si><t>姓名</t></si><si><r><t>王</t></r><r><t xml:space="preserve"> 芳</t></r><rPh><t>wang</t></rPh></si></sst>',
  'xl/worksheets/sheet1.xml': '<worksheet><sheetData/></worksheet>',
  'xl/worksheets/own.xml':
    '<worksheet><sheetData><row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" t="inlineStr"><is><t>生日 &amp; 电话</t></is></c></row>' +
    '<row r="3"/><row r="5"><c r="A5" t="s"><v>1</v></c><c r="B5" s="1"><v>43831</v></c><c r="C5" s="2"><v>43831.5</v></c>' +
    '<c r="D5"><v>1.3800138E10</v></c><c r="E5" t="b"><v>1</v></c><c r="F5" t="e"><v>#REF!</v></c><c r="G5" s="3"><v>2.5</v></c></row></sheetData></worksheet>',
}
