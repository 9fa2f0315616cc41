// Made tldraw-3.13.4.json beside this file: a board as the packages of that
// version write and check it.  To make it anew, in a folder of its own:
//
//     npm install @tldraw/tlschema@3.13.4 @tldraw/store@3.13.4 react react-dom
//     cp make.mjs . && node make.mjs > tldraw-3.13.4.json

import { Store } from '@tldraw/store'
import { createTLSchema, createBindingId, createShapeId, toRichText } from '@tldraw/tlschema'

const schema = createTLSchema()
const store = new Store({
  schema,
  props: { defaultName: '', assets: {}, onMount() {}, collaboration: null },
})

const page = 'page:page'
const common = { dash: 'draw', size: 'm', color: 'black' }
let n = 0

const shape = (id, type, x, y, props) => ({
  typeName: 'shape', id: createShapeId(id), type, x, y, props,
  rotation: 0, index: `a${(n += 1)}`, parentId: page, isLocked: false, opacity: 1, meta: {},
})

const words = { font: 'draw', align: 'middle', verticalAlign: 'middle', labelColor: 'black', url: '', growY: 0, scale: 1 }
const box = (id, x, y, text) =>
  shape(id, 'geo', x, y, { ...common, ...words, geo: 'rectangle', w: 200, h: 120, fill: 'none', richText: toRichText(text) })

const end = (id, from, to, terminal) => ({
  typeName: 'binding', id: createBindingId(id), type: 'arrow', fromId: from, toId: to, meta: {},
  props: { terminal, normalizedAnchor: { x: 0.5, y: 0.5 }, isExact: false, isPrecise: false, snap: 'none' },
})

const arrow = shape('arrow', 'arrow', 300, 160, {
  ...common, kind: 'arc', labelColor: 'black', fill: 'none', arrowheadStart: 'none', arrowheadEnd: 'arrow', font: 'draw',
  start: { x: 0, y: 0 }, end: { x: 200, y: 0 }, bend: 0, text: 'leads to', labelPosition: 0.5, scale: 1, elbowMidPoint: 0.5,
})
const one = box('one', 100, 100, 'One')
const two = box('two', 500, 100, 'Two')
const asset = {
  typeName: 'asset', id: 'asset:film', type: 'video', meta: {},
  props: { w: 160, h: 90, name: 'film.webm', isAnimated: true, mimeType: 'video/webm', src: null },
}

store.put([
  { typeName: 'document', id: 'document:document', gridSize: 10, name: '', meta: {} },
  { typeName: 'page', id: page, name: 'Page 1', index: 'a1', meta: {} },
  one, two, arrow,
  end('start', arrow.id, one.id, 'start'),
  end('end', arrow.id, two.id, 'end'),
  shape('text', 'text', 100, 300, {
    color: 'black', size: 'm', font: 'draw', textAlign: 'start', w: 200, richText: toRichText('Written in 3.13'), scale: 1, autoSize: true,
  }),
  shape('note', 'note', 300, 300, {
    color: 'yellow', labelColor: 'black', size: 'm', font: 'draw', fontSizeAdjustment: 0, align: 'middle', verticalAlign: 'middle',
    growY: 0, url: '', richText: toRichText('Sticky'), scale: 1,
  }),
  shape('line', 'draw', 550, 300, {
    ...common, segments: [{ type: 'free', points: [{ x: 0, y: 0, z: 0.5 }, { x: 60, y: 40, z: 0.5 }] }],
    fill: 'none', isComplete: true, isClosed: false, isPen: false, scale: 1,
  }),
  asset,
  shape('film', 'video', 700, 300, { w: 160, h: 90, time: 0, playing: false, url: '', assetId: asset.id, altText: '' }),
])

console.log(JSON.stringify({ schema: schema.serialize(), records: store.allRecords() }, null, 1))
