// Short messages at the edge of the window, with an action such as "undo".
import { Cross2Icon } from '@radix-ui/react-icons'
import { Button, IconButton, Text, Theme } from '@radix-ui/themes'
import { Toast } from 'radix-ui'
import { type ReactNode, createContext, useCallback, useContext, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import { errorText } from '../lib/errors'
import { t } from '../texts'

interface Message {
  text: string
  tone?: 'plain' | 'error'
  action?: { label: string; onSelect: () => void }
}

type Shown = Message & { id: number }

/* F8 leads to the messages of the editor */
const HOTKEY = ['altKey', 'KeyT']

const Context = createContext<(message: Message) => void>(() => {})

export const useToast = () => useContext(Context)

/* says why a call failed, where nothing better is known about it */
export function useFailed() {
  const toast = useToast()
  return (error: unknown) => toast({ text: errorText(error), tone: 'error' })
}

export function Toasts({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown[]>([])
  const next = useRef(0)

  const add = useCallback((message: Message) => {
    next.current += 1
    const id = next.current
    setShown((old) => [...old.slice(-2), { ...message, id }])
  }, [])

  const remove = (id: number) => setShown((old) => old.filter((m) => m.id !== id))

  return (
    <Context.Provider value={add}>
      <Toast.Provider swipeDirection="down">
        {children}
        {shown.map((m) => (
          <ToastItem key={m.id} message={m} onGone={() => remove(m.id)} />
        ))}
        {createPortal(<Viewport />, document.body)}
      </Toast.Provider>
    </Context.Provider>
  )
}

/* At the end of the page, so that it lies above dialogues; aria-live keeps an
   open one from hiding it. Each message is announced elsewhere already. */
function Viewport() {
  return (
    <Theme className="td-messages" hasBackground={false}>
      <Toast.Viewport className="td-toasts" label={t.messages} hotkey={HOTKEY} aria-live="off" />
    </Theme>
  )
}

function ToastItem({ message, onGone }: { message: Message; onGone: () => void }) {
  return (
    <Toast.Root
      className="td-toast"
      data-tone={message.tone ?? 'plain'}
      duration={message.action ? 8000 : 4000}
      type={message.tone === 'error' ? 'foreground' : 'background'}
      onOpenChange={(open) => open || onGone()}
    >
      <Toast.Title asChild>
        <Text size="2">{message.text}</Text>
      </Toast.Title>
      {message.action && (
        <Toast.Action altText={message.action.label} asChild>
          <Button size="1" variant="soft" highContrast onClick={message.action.onSelect}>
            {message.action.label}
          </Button>
        </Toast.Action>
      )}
      <Toast.Close asChild>
        <IconButton size="1" variant="ghost" color="gray" aria-label={t.close}>
          <Cross2Icon />
        </IconButton>
      </Toast.Close>
    </Toast.Root>
  )
}
