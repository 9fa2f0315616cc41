#!/usr/bin/env node

// Makes the templates of new boards, conf/templates/*.json, from the packages
// of the editor: each record passes its validators, in English and German.
//
//     node tools/templates.mjs

import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const FOLDER = new URL('../conf/templates/', import.meta.url)

const require = createRequire(new URL('../web/package.json', import.meta.url))
const { createTLSchema, toRichText } = require('@tldraw/tlschema')
const { getIndices } = require('@tldraw/utils')

const schema = createTLSchema()

const LOOKS = { color: 'black', labelColor: 'black', fill: 'none',
  dash: 'draw', size: 'm', font: 'draw' }

// What a template is drawn with; x and y are the upper left corner.

class Board {
  constructor() {
    this.records = [
      { id: 'document:document', typeName: 'document', gridSize: 10, name: '',
        meta: {} },
      { id: 'page:page', typeName: 'page', name: 'Page 1', index: 'a1',
        meta: {} }]
    this.shapes = []
  }

  shape(type, x, y, props, parentId = 'page:page') {
    const id = `shape:t${this.shapes.length + 1}`

    this.shapes.push({ id, typeName: 'shape', type, x, y, rotation: 0,
      isLocked: false, opacity: 1, meta: {}, parentId, props })

    return id
  }

  frame(x, y, w, h, name) {
    return this.shape('frame', x, y, { w, h, name, color: 'black' })
  }

  note(x, y, color, text, parent) {
    return this.shape('note', x, y, { color, labelColor: 'black', size: 'm',
      font: 'draw', fontSizeAdjustment: 0, align: 'middle',
      verticalAlign: 'middle', growY: 0, url: '',
      richText: toRichText(text), scale: 1 }, parent)
  }

  text(x, y, text, size = 'm', parent) {
    return this.shape('text', x, y, { color: 'black', size, w: 300,
      font: 'draw', textAlign: 'start', autoSize: true, scale: 1,
      richText: toRichText(text) }, parent)
  }

  geo(x, y, w, h, geo, text, looks = {}) {
    return this.shape('geo', x, y, { ...LOOKS, geo, w, h, growY: 0, url: '',
      align: 'middle', verticalAlign: 'middle', scale: 1,
      richText: toRichText(text), ...looks })
  }

  arrow(from, to, text = '') {
    const [a, b] = [from, to].map((id) => this.shapes.find((s) => s.id === id))
    const middle = (s) => [s.x + s.props.w / 2, s.y + s.props.h / 2]
    const [x, y] = middle(a)
    const [ex, ey] = middle(b)
    const { fill, ...looks } = LOOKS
    const id = this.shape('arrow', x, y, { ...looks, fill, kind: 'arc',
      arrowheadStart: 'none', arrowheadEnd: 'arrow', start: { x: 0, y: 0 },
      end: { x: ex - x, y: ey - y }, bend: 0, text, labelPosition: 0.5,
      scale: 1, elbowMidPoint: 0.5 })

    for (const [terminal, toId] of [['start', from], ['end', to]]) {
      this.records.push({ id: `binding:${id.slice(6)}${terminal}`,
        typeName: 'binding', type: 'arrow', fromId: id, toId, meta: {},
        props: { terminal, normalizedAnchor: { x: 0.5, y: 0.5 },
          isExact: false, isPrecise: false, snap: 'none' } })
    }
  }

  all() {
    const indices = getIndices(this.shapes.length)
    const shapes = this.shapes.map((s, i) => ({ ...s, index: indices[i] }))

    return [...this.records, ...shapes].map((record) =>
      schema.types[record.typeName].validate(record))
  }
}

// The templates: t picks the text of a language.

const templates = {
  blank: { name: ['Blank', 'Leer'], draw: null },

  kanban: {
    name: ['Kanban', 'Kanban'],
    draw(b, t) {
      const columns = [['Ideas', 'Ideen'], ['To do', 'Zu tun'],
        ['In progress', 'In Arbeit'], ['Done', 'Fertig']]

      columns.forEach((name, i) => {
        const f = b.frame(i * 300, 0, 270, 900, t(...name))

        if (i === 1) {
          b.note(35, 40, 'yellow', t('What has to be done?',
            'Was ist zu tun?'), f)
        }
        if (i === 2) {
          b.note(35, 40, 'light-blue', t('Who does it?', 'Wer macht es?'), f)
        }
      })
    }
  },

  retrospective: {
    name: ['Retrospective', 'Rückblick'],
    draw(b, t) {
      const columns = [
        ['light-green', 'What went well?', 'Was lief gut?'],
        ['light-red', 'What did not?', 'Was lief nicht gut?'],
        ['light-violet', 'What puzzles us?', 'Was ist uns ein Rätsel?'],
        ['light-blue', 'What shall we do?', 'Was tun wir?']]

      b.text(0, -100, t('Retrospective', 'Rückblick'), 'xl')
      columns.forEach(([color, ...name], i) => {
        b.note(45, 60, color, '', b.frame(i * 330, 0, 300, 700, t(...name)))
      })
    }
  },

  'mind-map': {
    name: ['Mind map', 'Mindmap'],
    draw(b, t) {
      const center = b.geo(0, 0, 260, 140, 'ellipse', t('Topic', 'Thema'),
        { color: 'blue', fill: 'solid', size: 'l' })
      const around = [[-420, -220], [420, -220], [-420, 220], [420, 220]]

      around.forEach(([x, y], i) => {
        const n = t('Idea', 'Idee') + ` ${i + 1}`

        b.arrow(center, b.geo(x + 30, y + 20, 200, 100, 'cloud', n,
          { color: ['green', 'orange', 'violet', 'red'][i] }))
      })
    }
  },

  'flow-chart': {
    name: ['Flow chart', 'Flussdiagramm'],
    draw(b, t) {
      const start = b.geo(0, 0, 200, 90, 'oval', t('Start', 'Anfang'),
        { color: 'green' })
      const step = b.geo(0, 190, 200, 100, 'rectangle', t('Step', 'Schritt'))
      const decide = b.geo(-30, 390, 260, 160, 'diamond',
        t('Decision?', 'Entscheidung?'), { color: 'orange' })
      const other = b.geo(380, 420, 200, 100, 'rectangle',
        t('Another step', 'Anderer Schritt'))
      const end = b.geo(0, 660, 200, 90, 'oval', t('End', 'Ende'),
        { color: 'red' })

      b.arrow(start, step)
      b.arrow(step, decide)
      b.arrow(decide, end, t('yes', 'ja'))
      b.arrow(decide, other, t('no', 'nein'))
      b.arrow(other, step)
    }
  },

  'week-plan': {
    name: ['Week plan', 'Wochenplan'],
    draw(b, t) {
      const days = [['Monday', 'Montag'], ['Tuesday', 'Dienstag'],
        ['Wednesday', 'Mittwoch'], ['Thursday', 'Donnerstag'],
        ['Friday', 'Freitag'], ['Weekend', 'Wochenende']]

      b.text(0, -110, t('Week of …', 'Woche vom …'), 'xl')
      days.forEach((name, i) => {
        b.frame(i * 280, 0, 250, 720, t(...name))
      })
      b.note(1720, 0, 'yellow', t('Not this week', 'Nicht diese Woche'))
    }
  },

  'pros-and-cons': {
    name: ['Pros and cons', 'Für und Wider'],
    draw(b, t) {
      b.text(0, -110, t('What is to be decided?', 'Was ist zu entscheiden?'),
        'xl')
      b.note(45, 60, 'light-green', '', b.frame(0, 0, 420, 620,
        t('In favour', 'Dafür')))
      b.note(45, 60, 'light-red', '', b.frame(460, 0, 420, 620,
        t('Against', 'Dagegen')))
    }
  }
}

mkdirSync(FOLDER, { recursive: true })

Object.entries(templates).forEach(([id, { name, draw }], order) => {
  ['en', 'de'].forEach((locale, language) => {
    const board = new Board()

    draw?.(board, (...texts) => texts[language])

    const file = { template: { id, locale, order, name: name[language] },
      tldrawFileFormatVersion: 1, schema: schema.serialize(),
      records: draw ? board.all() : [] }

    writeFileSync(new URL(`${id}.${locale}.json`, FOLDER),
      JSON.stringify(file) + '\n')
  })
})
