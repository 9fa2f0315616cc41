// Where one can go from here: a column, on a phone a row that scrolls.
import { type ReactNode, useEffect, useRef } from 'react'
import { NavLink, useLocation } from 'react-router-dom'

export function SideNav({ label, children }: { label: string; children: ReactNode }) {
  const nav = useRef<HTMLElement>(null)
  const { pathname } = useLocation()

  /* in the row of a phone the place one is at may be out of sight */
  useEffect(() => {
    const row = nav.current
    const here = row?.querySelector<HTMLElement>('.active')
    if (row && here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2
  }, [pathname])

  return (
    <nav ref={nav} aria-label={label} className="td-places">
      <ul className="td-list">{children}</ul>
    </nav>
  )
}

export function SideLink({ to, icon, name }: { to: string; icon: ReactNode; name: string }) {
  return (
    <li>
      <NavLink to={to} end className="td-place">
        {icon}
        <span>{name}</span>
      </NavLink>
    </li>
  )
}
