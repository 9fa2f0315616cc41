import 'react'

declare module 'react' {
  interface CSSProperties {
    '--person'?: string
    '--ink'?: string
  }
}
