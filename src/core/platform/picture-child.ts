/**
 * The process in which pictures are decoded, so that a decoder that falls over takes nothing else with it. Told by IPC: a path to
 * read, one to write. Never an SVG: only the four kinds of pictures come here, and the decoders of all others are off.
 */
import sharp from 'sharp'

/** What is asked: our own picture of the one at `from`, written to `to`. */
export interface PictureTask {
  readonly from: string
  readonly to: string
  /** The longer side of ours, in pixels. */
  readonly side: number
  readonly maxPixels: number
}

export type PictureAnswer =
  | { readonly width: number; readonly height: number; readonly bytes: number }
  | { readonly refused: true }

sharp.cache(false)
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: [
    'VipsForeignLoadPng',
    'VipsForeignLoadJpegFile',
    'VipsForeignLoadPngFile',
    'VipsForeignLoadWebpFile',
    'VipsForeignLoadNsgifFile',
  ],
})

async function make({ from, to, side, maxPixels }: PictureTask): Promise<PictureAnswer> {
  try {
    const picture = sharp(from, { limitInputPixels: maxPixels, failOn: 'error', pages: 1 }).autoOrient()
    const { width, height } = await picture.metadata()
    const made = await picture
      .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
      .webp()
      .toFile(to)
    return { width, height, bytes: made.size }
  } catch {
    return { refused: true }
  }
}

process.on('message', (task: PictureTask) => {
  void make(task).then((answer) => process.send?.(answer))
})
// The hub is gone, however it went.
process.on('disconnect', () => process.exit(0))
